import { distanceFromSpan, dot, norm, partBeside } from './least-squares.js';
import { FEATURES, type Feature, type Load, MESSAGE_FEATURES } from './load.js';

/**
 * Features that the runs moved only together, and therefore share one cost. `ratios[k]` is how much
 * of `features[k]` there was for each one of `features[0]`; a lone feature has ratios `[1]`.
 */
export interface FeatureGroup {
  features: readonly Feature[];
  ratios: readonly number[];
}

/**
 * Why a feature has no cost: it `never happened`, it `never varied` (its cost is somewhere in the
 * base), it happened in too few windows (`too rare`), or it `moved with the others` (bytes, when
 * every message had the same size: their cost is in the cost of the messages).
 */
export type Unidentifiable =
  | 'never happened'
  | 'never varied'
  | 'too rare'
  | 'moved with the others';

export interface Identifiable {
  groups: FeatureGroup[];
  missing: Map<Feature, Unidentifiable>;
  /** Whether what an idle process costs can be told from the rest; if not, the rest includes it. */
  baseKnown: boolean;
}

/**
 * Variance inflation 1/(1 − R²) of a column given all others, above which a separate cost would be
 * a fantasy: at 10 the interval is already √10 wider than the column alone would give.
 */
const MAX_INFLATION = 10;
/** A level that stays within this share of its largest value does not vary. */
const LEAST_VARIATION = 0.05;
/** One window with a feature in it fits any cost exactly and says nothing on its error. */
const LEAST_WINDOWS = 3;

/** What a broker did in a window, and how many processes it had for it. */
export interface WindowLoad {
  load: Load;
  processes: number;
}

/**
 * What can be told apart in these windows; rows are weighted by the square of `rootWeights`. Costs
 * that inflate each other are merged, two at a time, with what they went along with most. The base
 * goes first: without a stretch that is nearly idle it is whatever the other costs leave over, and to
 * count it into them errs on the side of more hardware.
 */
export function identifiable(
  windows: readonly WindowLoad[],
  rootWeights: Float64Array,
): Identifiable {
  const loads = windows.map(({ load }) => load);
  const missing = new Map<Feature, Unidentifiable>();
  let groups: FeatureGroup[] = [];
  for (const feature of FEATURES) {
    const why = unfit(loads.map((load) => load[feature]));
    if (why !== undefined) missing.set(feature, why);
    else groups.push({ features: [feature], ratios: [1] });
  }

  const base = Float64Array.from(windows, ({ processes }, i) => processes * rootWeights[i]!);
  const column = (group: FeatureGroup) =>
    Float64Array.from(loads, (load, i) => unitsOf(group, load) * rootWeights[i]!);
  const others = (group: FeatureGroup) => groups.filter((other) => other !== group).map(column);

  // Bytes first, and never merged: a message has its bytes, so what matters is whether sizes varied.
  const bytes = groups.find(({ features }) => features[0] === 'bytes');
  if (bytes !== undefined && !(inflation(column(bytes), others(bytes), [base]) <= MAX_INFLATION)) {
    missing.set('bytes', 'moved with the others');
    groups = groups.filter((group) => group !== bytes);
  }

  const baseKnown = inflation(base, groups.map(column), []) <= MAX_INFLATION;
  const centre = baseKnown ? [base] : [];
  for (;;) {
    const open = groups.filter(({ features }) => features[0] !== 'bytes');
    const worst = open
      .map((group) => ({ group, vif: inflation(column(group), others(group), centre) }))
      .filter(({ vif }) => !(vif <= MAX_INFLATION))
      .sort((a, b) => b.vif - a.vif)[0]?.group;
    if (worst === undefined || open.length < 2) break;
    const partner = open
      .filter((group) => group !== worst)
      .map((group) => ({ group, along: cosine(column(group), column(worst), centre) }))
      .sort((a, b) => b.along - a.along)[0]!.group;
    const merged = merge(loads, [...worst.features, ...partner.features]);
    groups = groups.filter((group) => group !== worst && group !== partner);
    const why = unfit(loads.map((load) => unitsOf(merged, load)));
    if (why === undefined) groups.push(merged);
    else for (const feature of merged.features) missing.set(feature, why);
  }
  const order = (group: FeatureGroup) => FEATURES.indexOf(group.features[0]!);
  return { groups: groups.sort((a, b) => order(a) - order(b)), missing, baseKnown };
}

/** How much wider a coefficient's variance is for the others being there, those of `centre` apart. */
function inflation(
  column: Float64Array,
  others: readonly Float64Array[],
  centre: readonly Float64Array[],
): number {
  const alone = distanceFromSpan(column, centre);
  return (alone / distanceFromSpan(column, [...centre, ...others])) ** 2;
}

/** Whether two columns move the same way (1) or against each other (−1), the centre taken off both. */
function cosine(a: Float64Array, b: Float64Array, centre: readonly Float64Array[]): number {
  const [left, right] = [partBeside(a, centre), partBeside(b, centre)];
  return dot(left, right) / (norm(left) * norm(right));
}

/**
 * How many units (one of the first feature together with its share of the others) a load comes to,
 * if each feature carries an equal part of the unit's cost: the mean of load/ratio.
 */
export function unitsOf(group: FeatureGroup, load: Load): number {
  let sum = 0;
  for (let k = 0; k < group.features.length; k++) {
    sum += load[group.features[k]!] / group.ratios[k]!;
  }
  return sum / group.features.length;
}

/**
 * The least and the most units that the load can come to, over every non-negative split of the
 * unit's cost among its features. With costs c ≥ 0 and Σ ratio·c = C, a load d costs Σ d·c, a
 * weighted mean of C·d/ratio: so the ends are the smallest and the largest d/ratio.
 */
export function unitsRange(group: FeatureGroup, load: Load): { least: number; most: number } {
  const units = group.features.map((feature, k) => load[feature] / group.ratios[k]!);
  return { least: Math.min(...units), most: Math.max(...units) };
}

export function isMessageGroup(group: FeatureGroup): boolean {
  return group.features.every((feature) => MESSAGE_FEATURES.includes(feature));
}

function unfit(values: readonly number[]): Unidentifiable | undefined {
  const largest = Math.max(0, ...values);
  if (largest === 0) return 'never happened';
  if (values.filter((value) => value > 0).length < LEAST_WINDOWS) return 'too rare';
  if (largest - Math.min(...values) <= LEAST_VARIATION * largest) return 'never varied';
  return undefined;
}

function merge(loads: readonly Load[], features: readonly Feature[]): FeatureGroup {
  const ordered = FEATURES.filter((feature) => features.includes(feature));
  const totals = ordered.map((feature) => loads.reduce((sum, load) => sum + load[feature], 0));
  return { features: ordered, ratios: totals.map((total) => total / totals[0]!) };
}
