#!/bin/sh
# Checks with graphql-js that the model's files together are valid SDL. Needs node and npm.
set -eu
cd "$(dirname "$0")/../.."
schema=$PWD/schema
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund graphql@16 >/dev/null
cat >check.js <<'JS'
const fs = require('fs'), path = require('path'), { buildSchema, Source, parse, concatAST, buildASTSchema, validateSchema } = require('graphql');
const dir = process.argv[2];
const files = fs.readdirSync(dir).filter((f) => f.endsWith('.graphql'));
const ast = concatAST(files.map((f) => parse(new Source(fs.readFileSync(path.join(dir, f), 'utf8'), f))));
const { extendSchema, buildASTSchema: build } = require('graphql');
const base = { kind: 'Document', definitions: ast.definitions.filter((d) => !d.kind.endsWith('Extension')) };
const rest = { kind: 'Document', definitions: ast.definitions.filter((d) => d.kind.endsWith('Extension')) };
const errors = validateSchema(extendSchema(build(base), rest));
if (errors.length) { errors.forEach((e) => console.error(String(e))); process.exit(1); }
console.log(`${files.length} files are valid SDL`);
JS
node check.js "$schema"
