// Validates a file against the schema of SARIF 2.1.0 that Microsoft's matchers for it carry.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const matchers = new URL('node_modules/@microsoft/jest-sarif/', import.meta.url);
const require = createRequire(new URL('package.json', matchers));
const Ajv = require('ajv');
const ajv = new Ajv({ allErrors: true, schemaId: 'auto' });
ajv.addMetaSchema(require('ajv/lib/refs/json-schema-draft-04.json'));
const validate = ajv.compile(JSON.parse(readFileSync(new URL('lib/schemas/sarif-2.1.0-rtm.5.json', matchers))));
if (!validate(JSON.parse(readFileSync(process.argv[2])))) {
  console.error(JSON.stringify(validate.errors));
  process.exit(1);
}
