// What the grammar makes of scripts: each row is a line with the scopes that some of its words must have.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'node:test';

const require = createRequire(import.meta.url);
const textmate = require('vscode-textmate');
const oniguruma = require('vscode-oniguruma');

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const grammarPath = '../syntaxes/botserver-basic.tmLanguage.json';

async function load() {
  await oniguruma.loadWASM(readFileSync(require.resolve('vscode-oniguruma/release/onig.wasm')).buffer);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(read(grammarPath), 'grammar.json'),
  });
  return registry.loadGrammar('source.botserver-basic');
}

const grammar = await load();

/** The scopes of the first piece of each line that is exactly `text`. */
function scopes(source, text) {
  let stack = textmate.INITIAL;
  for (const line of source.split('\n')) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
    const found = tokens.find((token) => line.slice(token.startIndex, token.endIndex).trim() === text);
    if (found) return found.scopes.join(' ');
    stack = ruleStack;
  }
  assert.fail(`no piece ${JSON.stringify(text)} in ${JSON.stringify(source)}`);
}

const rows = [
  ['TALK "Hello"', 'TALK', 'keyword.other'],
  ['talk "Hello"', 'talk', 'keyword.other'],
  ['set bot memory "a", 1', 'set bot memory', 'keyword.other'],
  ['SET_BOT_MEMORY "a", 1', 'SET_BOT_MEMORY', 'keyword.other'],
  ['rows = FIND "t"', 'FIND', 'keyword.other'],
  ['if x then', 'if', 'keyword.control'],
  ['FOR EACH x IN y', 'FOR EACH', 'keyword.control'],
  ['x = LEN("a")', 'LEN', 'support.function'],
  ['x = TRUE AND 5', 'TRUE', 'constant.language'],
  ['x = TRUE AND 5', 'AND', 'keyword.operator'],
  ['x = 1.5', '1.5', 'constant.numeric'],
  ["x = 1 ' comment", "' comment", 'comment.line'],
  ['// comment', '// comment', 'comment.line'],
  ['REM comment', 'REM comment', 'comment.line'],
  ['# comment', '# comment', 'comment.line'],
  ["x = 'text' ' comment", "'text'", 'string.quoted.single'],
  ['x = "a ""b"" c" + y', '+', 'keyword.operator'],
  ['TALK "a ${LEN(name)} b"', 'LEN', 'support.function'],
  ['TALK "a ${LEN(name)} b"', 'a', 'string.quoted.double'],
  ['TALK "first\nsecond"\nx = 1', 'second', 'string.quoted.double'],
  ['TALK "first\nsecond"\nx = 1', '1', 'constant.numeric'],
  ['BEGIN TALK\nHello IF ${name}\nEND TALK\nx = 5', 'Hello IF', 'string.unquoted'],
  ['BEGIN TALK\nHello IF ${name}\nEND TALK\nx = 5', 'END TALK', 'keyword.other'],
  ['BEGIN TALK\nHello IF ${name}\nEND TALK\nx = 5', '5', 'constant.numeric'],
  ['again:', 'again', 'entity.name.label'],
  ['SUB greet(who)', 'greet', 'entity.name.function'],
  ['PARAM what AS string', 'string', 'storage.type'],
];

for (const [source, text, wanted] of rows) {
  test(`${JSON.stringify(source)}: ${text} is ${wanted}`, () => {
    assert.ok(scopes(source, text).includes(wanted), scopes(source, text));
  });
}

test('names that look like keywords stay names', () => {
  for (const [source, text] of [['x = channel', 'channel'], ['total = row.date', 'date'], ['talk = 1', 'talk']]) {
    assert.ok(!scopes(source, text).includes('keyword.other'), scopes(source, text));
  }
});

test('the files of the extension can be read', () => {
  const about = JSON.parse(read('../package.json'));
  const language = JSON.parse(read('../language-configuration.json'));
  for (const rule of [language.wordPattern, ...Object.values(language.indentationRules)]) {
    assert.ok(new RegExp(rule.pattern, rule.flags));
  }
  for (const rule of Object.values(language.folding.markers)) {
    assert.ok(new RegExp(rule));
  }
  const indents = new RegExp(language.indentationRules.increaseIndentPattern.pattern, 'iu');
  assert.ok(indents.test('IF x THEN') && indents.test('  for each x in y') && !indents.test('IF x THEN TALK 1'));
  const [debug] = about.contributes.debuggers;
  assert.deepEqual(Object.keys(debug.configurationAttributes.launch.properties), ['program', 'stopOnEntry']);
  assert.deepEqual(Object.keys(debug.configurationAttributes.attach.properties), ['data', 'bot', 'conversation']);
});
