// Parses and validates cards with Microsoft's own library, without a browser.
// Usage: node check_cards.cjs cards.json   where the file is {name: card}. Prints {name: [problem, ...]}.
const { readFileSync } = require("node:fs");
const { AdaptiveCard, SerializationContext, Versions } = require("adaptivecards/dist/adaptivecards.js");

function problems(source) {
  try {
    return complaints(source);
  } catch (refusal) {
    return [refusal.message];
  }
}

function complaints(source) {
  const context = new SerializationContext(Versions.v1_5);
  const card = new AdaptiveCard();
  card.parse(source, context);
  const found = [];
  for (let i = 0; i < context.eventCount; i++) found.push(context.getEventAt(i).message);
  for (const failure of card.validateProperties().validationEvents) found.push(failure.message);
  return [...found, ...lost(source, card.toJSON(), "card")];
}

// What the library did not understand it leaves out when it writes the card again.
function lost(given, kept, path) {
  if (Array.isArray(given)) {
    if (!Array.isArray(kept)) return [`${path} was not understood`];
    if (given.length !== kept.length) return [`${path} lost ${given.length - kept.length} of its parts`];
    return given.flatMap((one, i) => lost(one, kept[i], `${path}[${i}]`));
  }
  if (given === null || typeof given !== "object" || path.endsWith(".data")) return [];
  if (kept === null || typeof kept !== "object") return [`${path} was not understood`];
  return Object.keys(given)
    .filter((key) => ["body", "items", "inlines", "actions", "choices", "card", "text", "data"].includes(key))
    .flatMap((key) => (key in kept ? lost(given[key], kept[key], `${path}.${key}`) : [`${path}.${key} was not understood`]));
}

const cards = JSON.parse(readFileSync(process.argv[2], "utf8"));
const report = Object.fromEntries(Object.entries(cards).map(([name, card]) => [name, problems(card)]));
console.log(JSON.stringify(report));
