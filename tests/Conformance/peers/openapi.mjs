// Validates a file as an OpenAPI document, by the schema of its version, and that every reference in it leads somewhere.
import { Validator } from '@seriousme/openapi-schema-validator';

const validator = new Validator();
const found = await validator.validate(process.argv[2]);
if (!found.valid) {
  console.error(JSON.stringify(found.errors));
  process.exit(1);
}
if (!validator.version.startsWith('3.')) {
  console.error(`validated as ${validator.version}`);
  process.exit(1);
}
validator.resolveRefs();
