"""Slack: draws the six views as Block Kit and turns Slack's requests into `Typed` and `Press`.

Read in this order: guard (who may knock), app (what Slack sends), inbound (what it means), listeners (what is answered
in time), answers (where the answer appears), render and blocks (how it looks), outbound (how it gets there).
"""
