// `npm run types`: writes src/api/schema.d.ts.
import { writeFileSync } from "node:fs";
import { TYPES, types } from "./description.mjs";

writeFileSync(TYPES, await types());
