// SPDX-License-Identifier: Apache-2.0

// Exchanges on the wire against cloud/api/openapi.yaml, judged by openapi-backend (ajv behind it),
// which knows nothing of our code. The contract is read as closed here: what it does not name - a
// path, a status, a member, an error code - may not appear, although a client would ignore it.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { OpenAPIBackend, OpenAPIValidator } from 'openapi-backend';

const FILE = fileURLToPath(new URL('../../../cloud/api/openapi.yaml', import.meta.url));

/** A copy in which every object that does not say otherwise has no further members. */
function closed(node) {
  if (Array.isArray(node)) {
    return node.map(closed);
  }
  if (node === null || typeof node !== 'object') {
    return node;
  }
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  if (copy.type === 'object' && copy.properties && copy.additionalProperties === undefined) {
    copy.additionalProperties = false;
  }
  return copy;
}

/** The error codes that a response's schema names. */
function codesOf(response) {
  const schema = response.content?.['application/json']?.schema;
  const parts = [schema, ...(schema?.allOf ?? [])];
  const lists = parts.map((part) => part?.properties?.error?.properties?.code?.enum)
    .filter(Boolean);
  return lists.reduce((all, list) => all.filter((code) => list.includes(code)), lists[0] ?? []);
}

export class Contract {
  static async load() {
    const backend = await new OpenAPIBackend({ definition: FILE, strict: true }).init();
    return new Contract(closed(backend.definition));
  }

  constructor(definition) {
    this.validator = new OpenAPIValidator({ definition, ajvOpts: { allErrors: true } });
    this.operations = this.validator.router.getOperations();
    this.seen = new Set();
    this.exchanges = 0;
  }

  /** Every (operation, status, code) that the contract names; code "" where none belongs to it. */
  documented() {
    return this.operations.flatMap((operation) => Object.entries(operation.responses)
      .flatMap(([status, response]) => {
        const codes = codesOf(response);
        return (codes.length > 0 ? codes : [''])
          .map((code) => `${operation.operationId} ${status} ${code}`.trim());
      }));
  }

  /** What the contract names and nobody has seen yet. */
  unseen() {
    return this.documented().filter((what) => !this.seen.has(what));
  }

  /** Throws what is wrong with an exchange. `careful`: its sender must keep to the contract. */
  check({ method, path, payload, status, headers, json }, { careful = false } = {}) {
    const [bare, query] = path.split('?');
    const name = `${method} ${path} -> ${status}`;
    const request = { method, path: bare, query: query ?? '', body: payload,
      headers: { 'content-type': 'application/json' } };
    const operation = this.validator.router.matchOperation(request);
    assert.ok(operation, `${name}: the contract does not know this call`);
    this.exchanges += 1;
    assert.ok(operation.responses[status], `${name}: not a status of ${operation.operationId}: ` +
      JSON.stringify(json));
    assert.equal(headers['content-type'], 'application/json', name);
    const answer = this.validator.validateResponse(json, operation, status);
    assert.ok(answer.valid, `${name}: ${JSON.stringify(answer.errors)} in ${JSON.stringify(json)}`);
    if (careful || status < 300) {
      const asked = this.validator.validateRequest(request, operation);
      assert.ok(asked.valid, `${name}: ${JSON.stringify(asked.errors)} in ${payload}`);
    }
    this.seen.add(`${operation.operationId} ${status} ${json.error?.code ?? ''}`.trim());
  }
}
