// Validates a Teams app manifest against the schema that Microsoft's own package bundles.
// Usage: node check_teams_manifest.mjs manifest.json   Prints a JSON list of problems; [] when it is valid.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const Ajv = require("ajv-draft-04").default ?? require("ajv-draft-04");
const manifest = JSON.parse(readFileSync(process.argv[2], "utf8"));
const folder = require.resolve("@microsoft/app-manifest").replace(/index\.js$/, "json-schemas/teams");
const schema = JSON.parse(readFileSync(`${folder}/v${manifest.manifestVersion}/MicrosoftTeams.schema.json`, "utf8"));
const ajv = new Ajv({ strict: false, allErrors: true });
require("ajv-formats")(ajv, ["uri", "email", "regex"]);
const valid = ajv.validate(schema, manifest);
console.log(JSON.stringify(valid ? [] : ajv.errors.map((e) => `${e.instancePath || "/"} ${e.message}`)));
