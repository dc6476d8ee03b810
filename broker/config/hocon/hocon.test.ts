import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  type Files,
  HoconError,
  type HoconObject,
  hoconToPlain,
  parseHocon,
  plainOf,
} from './mod.js';

function read(text: string): unknown {
  return hoconToPlain(text, 'test.conf');
}

function fails(text: string, says: RegExp): void {
  assert.throws(
    () => read(text),
    (error) => error instanceof HoconError && says.test(error.message),
    text,
  );
}

describe('values', () => {
  const CASES: [string, unknown][] = [
    ['a = 1', 1],
    ['a = -1.5e3', -1500],
    ['a = 007', '007'],
    ['a = 15s', '15s'],
    ['a = 16KB', '16KB'],
    ['a = 80%', '80%'],
    ['a = 192.168.0.200', '192.168.0.200'],
    ['a = true', true],
    ['a = on', true],
    ['a = false', false],
    ['a = off', false],
    ['a = "on"', 'on'],
    ['a = null', null],
    ['a = two words ', 'two words'],
    ['a = 1 2', '1 2'],
    ['a = one"two" three', 'onetwo three'],
    ['a = x # not this', 'x'],
    ['a = x // nor this', 'x'],
    ['a = /etc/ssl/key.pem', '/etc/ssl/key.pem'],
    ['a = "tab\\t\\u00e9\\""', 'tab\té"'],
    ['a = """one\n"two"\\n"""', 'one\n"two"\\n'],
    ['a = """quote""""', 'quote"'],
    ['a = [1, 2,\n 3\n4,]', [1, 2, 3, 4]],
    ['a = []', []],
    ['a = [[1], {b = 2}]', [[1], { b: 2 }]],
    ['a = [1] [2]', [1, 2]],
    ['a = {b = 1} {c = 2}', { b: 1, c: 2 }],
  ];
  for (const [text, value] of CASES) {
    it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(read(text), { a: value }));
  }
});

describe('keys', () => {
  it('are put together from dots and braces, with or without = and :', () => {
    const expected = { node: { name: 'n', cookie: 'c' } };
    for (const text of [
      'node { name = n, cookie = c }',
      'node = {\n name : n\n cookie : c\n}',
      'node : { "name" : "n", "cookie" : "c", }',
      'node.name = n\nnode.cookie = c',
      '{ node.name = n, "node" { cookie = c } }',
      'node\n{ name\n=\nn, cookie = c }',
    ]) {
      assert.deepEqual(read(text), expected, text);
    }
  });

  it('hold a dot or a blank when they stand in quotes', () => {
    assert.deepEqual(read('"a.b" = 1, c."d.e".f = 2'), { 'a.b': 1, c: { 'd.e': { f: 2 } } });
  });

  it('given twice: objects are merged, of everything else the last one counts', () => {
    assert.deepEqual(read('a { b = 1, c = 2 }\na { b = 3 }\na.d = 4'), { a: { b: 3, c: 2, d: 4 } });
    assert.deepEqual(read('a { b = 1 }\na = 2\na { c = 3 }'), { a: { c: 3 } });
    assert.deepEqual(read('a = [1]\na = [2]'), { a: [2] });
  });

  it('are not those of a JavaScript object', () => {
    assert.deepEqual(
      read('__proto__ { x = 1 }, constructor = 2'),
      JSON.parse('{"__proto__":{"x":1},"constructor":2}'),
    );
    fails('a = ${toString}', /neither/);
  });
});

describe('+=', () => {
  it('adds to a list, or starts one', () => {
    assert.deepEqual(read('a += 1\na += 2'), { a: [1, 2] });
    assert.deepEqual(read('s { a = [0] }\ns.a += 1\ns { a += [2] }'), { s: { a: [0, 1, [2]] } });
    fails('a = 1\na += 2', /^test\.conf:2:3: expected a list to add to, found text$/);
  });
});

describe('references', () => {
  it('mean the final value of a path', () => {
    assert.deepEqual(read('a = ${b.c}, b { c = 1 }, b.c = 2'), { a: 2, b: { c: 2 } });
    assert.deepEqual(
      read('bar { a = ${foo.d}, b = 1 }, bar.b = 3, foo { c = ${bar.b}, d = 2 }, foo.d = 4'),
      { bar: { a: 4, b: 3 }, foo: { c: 3, d: 4 } },
    );
    assert.deepEqual(read('bar { foo = 42, baz = ${bar.foo} }, bar { foo = 43 }'), {
      bar: { foo: 43, baz: 43 },
    });
  });

  it('join with what stands beside them', () => {
    assert.deepEqual(read('h = "10.0.0.1", n = emqx"@"${h}, l = [1], m = ${l} [2]'), {
      h: '10.0.0.1',
      n: 'emqx@10.0.0.1',
      l: [1],
      m: [1, 2],
    });
    assert.deepEqual(read('base { x = 1, y = 2 }, a = ${base} { y = 3 }'), {
      base: { x: 1, y: 2 },
      a: { x: 1, y: 3 },
    });
    fails('l = [1], m = ${l} x', /expected only lists one after another, found text/);
  });

  it('to the key itself mean what it was before', () => {
    assert.deepEqual(read('a = [1]\na = ${a} [2]\na = ${a} [3]'), { a: [1, 2, 3] });
    assert.deepEqual(read('p = x\np = ${p}"/y"'), { p: 'x/y' });
    assert.deepEqual(read('p = ${?p}y'), { p: 'y' });
    assert.deepEqual(read('a { b = 1 }\na = ${a.b}'), { a: 1 });
  });

  it('fall back to the environment, and to nothing when they are optional', () => {
    const environment = { HOST: '10.0.0.9' };
    const config = parseHocon('a = ${HOST}, b = 1, b = ${?NOT_SET}, c = ${?NOT_SET}', 'x', {
      environment,
    });
    assert.deepEqual(plainOf(config), { a: '10.0.0.9', b: 1 });
    fails('\na = ${HOST}', /^test\.conf:2:5: expected a key or an environment variable 'HOST'/);
  });

  it('in a circle are refused', () => {
    fails('a = ${b}\nb = ${a}', /expected a value that does not depend on itself/);
    fails('a = ${a}', /neither/);
    fails('a { b = ${c} }\nc = ${a.b}', /depend on itself/);
  });

  it('cannot blow up: chains and results are bounded', () => {
    const doubling = Array.from({ length: 40 }, (_, n) => `a${n + 1} = \${a${n}} \${a${n}}`);
    fails(`a0 = xxxxxxxx\n${doubling.join('\n')}`, /at most 1048576 characters/);
    fails(`a0 = [1]\n${doubling.join('\n')}`, /at most 100000 values/);
    const boxes = Array.from({ length: 40 }, (_, n) => `a${n + 1} = [\${a${n}}, \${a${n}}]`);
    fails(`a0 = 1\n${boxes.join('\n')}`, /at most 100000 values/);
    const chain = Array.from({ length: 5000 }, (_, n) => `a${n} = \${a${n + 1}}`);
    fails(`${chain.join('\n')}\na5000 = 1`, /at most 200 references in a chain/);
    fails('['.repeat(10), /not a list/);
    fails(`a = ${'['.repeat(100_000)}`, /at most 64 brackets/);
  });
});

describe('include', () => {
  const TEXTS: Record<string, string> = {
    'etc/base.conf': 'node.name = base, port = 1, copy = ${port}',
    'etc/more/deep.conf': 'include "../base.conf"\nport = 2',
    'etc/loop.conf': 'a { include "loop.conf" }',
    'etc/bad.conf': 'ok = 1\nnot ok',
  };
  const absent: string[] = [];
  const files: Files = {
    read: (path) => TEXTS[path],
    absent: (path) => void absent.push(path),
  };
  const readIn = (text: string): HoconObject =>
    parseHocon(text, join('etc', 'main.conf'), { files, environment: {} });

  it('takes the keys of another file, found beside this one, where it stands', () => {
    assert.deepEqual(plainOf(readIn('include "base.conf"\nport = 3')), {
      node: { name: 'base' },
      port: 3,
      copy: 3,
    });
    assert.deepEqual(plainOf(readIn('x { include file("more/deep.conf") }, port = 9')), {
      x: { node: { name: 'base' }, port: 2, copy: 2 },
      port: 9,
    });
  });

  it('keeps the place in that file', () => {
    const field = readIn('\ninclude "base.conf"').fields.get('port')!;
    assert.deepEqual(field.value.at, { source: 'etc/base.conf', line: 1, column: 26 });
    assert.throws(
      () => readIn('include "bad.conf"'),
      /^HoconError: etc\/bad\.conf:2:7: expected '='/,
    );
  });

  it('of a file that is not there is reported, and refused when it is required', () => {
    assert.deepEqual(plainOf(readIn('a = 1, include "none.conf"')), { a: 1 });
    assert.deepEqual(absent, ['etc/none.conf']);
    assert.throws(
      () => readIn('include required(file("none.conf"))'),
      /expected a file that is there/,
    );
  });

  it('of itself and of addresses is refused; a key may be called include', () => {
    assert.throws(() => readIn('include "loop.conf"'), /does not lead back to itself/);
    assert.throws(() => readIn('include url("http://x")'), /other places are not read from/);
    assert.deepEqual(plainOf(readIn('include = 1')), { include: 1 });
  });
});

describe('mistakes are told with their place and what was expected', () => {
  const CASES: [string, RegExp][] = [
    ['a = ', /^test\.conf:1:5: expected a value, found the end of the text$/],
    ['a =\n}', /^test\.conf:2:1: expected a value, found '}'$/],
    ['a {\n b = 1\n', /^test\.conf:1:3: expected '}' for this '{'/],
    ['a = [1, 2', /^test\.conf:1:5: expected ']' for this '\['/],
    ['a = 1 }', /^test\.conf:1:7: expected a key, for no '{' is open here, found '}'$/],
    ['a = "x', /^test\.conf:1:5: expected a closing " on the same line/],
    ['a = """x', /^test\.conf:1:5: expected """ at the end of this text/],
    ['a = "\\q"', /^test\.conf:1:6: expected an escape of JSON .* found '\\q'$/],
    [
      'name = emqx@10.0.0.1',
      /^test\.conf:1:12: .*\(text with '@' in it stands in quotes\), found '@/,
    ],
    ['url = http://x', /^test\.conf:1:11: .*\(text with ':' in it stands in quotes\)/],
    [
      'node\nname = x',
      /^test\.conf:2:1: expected '=', ':' or '{' after the key 'node', found 'name'$/,
    ],
    [
      'a = static { b = 1 }',
      /^test\.conf:1:12: expected a comma or a new line before this, found '{'$/,
    ],
    ['a..b = 1', /^test\.conf:1:3: expected a key, found '.b'$/],
    ['= 1', /^test\.conf:1:1: expected a key, found '='$/],
    ['a = ${b', /expected '}' for this '\$\{'/],
    ['{ a = 1 } b = 2', /expected nothing after the '}'/],
  ];
  for (const [text, says] of CASES) it(JSON.stringify(text), () => fails(text, says));
});

it('every value knows where it was written, and every key', () => {
  const config = parseHocon('node {\n  name = "x"\n}\nlist = [1,\n  two]', 'f.conf');
  const node = config.fields.get('node')!.value as HoconObject;
  assert.deepEqual(node.fields.get('name'), {
    keyAt: { source: 'f.conf', line: 2, column: 3 },
    value: { kind: 'string', value: 'x', text: 'x', at: { source: 'f.conf', line: 2, column: 10 } },
  });
  const list = config.fields.get('list')!.value;
  assert.ok(list.kind === 'list');
  assert.deepEqual(list.items[1]!.at, { source: 'f.conf', line: 5, column: 3 });
});
