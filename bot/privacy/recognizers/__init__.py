"""What an identifier looks like, layer by layer: the record, shapes, words around it, lists, and the gate behind them."""
