import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { EstimateError } from './estimate-error.js';

export interface DemandIssue {
  path: readonly PropertyKey[];
  expected: string;
}

/** A demand file as text with positions, so that every complaint names its line. */
export class DemandSource {
  readonly raw: unknown;
  readonly #file: string;
  readonly #contents: Node | null;
  readonly #lines = new LineCounter();

  /**
   * @param text YAML 1.2, of which JSON is a part
   * @throws EstimateError DEMAND_INVALID when it is neither
   */
  constructor(text: string, file: string) {
    this.#file = file;
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const lines = document.errors.map(
      ({ pos, message }) => `${file}:${this.#lines.linePos(pos[0]).line}: ${message}`,
    );
    if (lines.length > 0) throw new EstimateError('DEMAND_INVALID', lines.join('\n'));
    this.#contents = document.contents;
    this.raw = document.toJS();
  }

  /** One line an issue: `file:line: path: expected …, found …`. */
  error(issues: readonly DemandIssue[]): EstimateError {
    const lines = issues.map(({ path, expected }) => {
      const { node, exact } = this.#nearest(path);
      const place = node?.range ? `:${this.#lines.linePos(node.range[0]).line}` : '';
      const found = exact && isScalar(node) ? `, found ${JSON.stringify(node.value)}` : '';
      const where = path.length === 0 ? '' : `${path.map(String).join('.')}: `;
      return `${this.#file}${place}: ${where}expected ${expected}${found}`;
    });
    return new EstimateError('DEMAND_INVALID', lines.join('\n'));
  }

  /** The node at the path: its key where the value is a mapping, or the closest one above it. */
  #nearest(path: readonly PropertyKey[]): { node: Node | undefined; exact: boolean } {
    let node: Node | undefined = this.#contents ?? undefined;
    let spelled = node;
    for (const step of path) {
      const pair = isMap(node)
        ? node.items.find((item) => isScalar(item.key) && item.key.value === step)
        : undefined;
      if (pair === undefined) return { node: spelled, exact: false };
      node = (pair.value ?? undefined) as Node | undefined;
      spelled = isScalar(node) ? node : (pair.key as Node);
    }
    return { node: spelled, exact: isScalar(node) };
  }
}
