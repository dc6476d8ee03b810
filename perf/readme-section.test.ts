import assert from 'node:assert/strict';
import { it } from 'node:test';
import { renewed } from './readme-section.js';

const PAGE = 'before\n\n<!-- a -->\n\nold\n\n<!-- /a -->\n\nafter\n';

it('a section of the page is renewed between its marks, as often as wanted, and nothing else', () => {
  const once = renewed(PAGE, 'a', 'new\ntable');
  assert.equal(once, 'before\n\n<!-- a -->\n\nnew\ntable\n\n<!-- /a -->\n\nafter\n');
  assert.equal(renewed(once, 'a', 'new\ntable'), once);
});

it('a page without the marks is left alone, and they are named', () => {
  assert.throws(() => renewed(PAGE, 'b', 'new'), /<!-- b --> … <!-- \/b -->: add them/);
});
