import { distanceFromSpan } from './least-squares.js';
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

/** What can be told apart in these loads. Rows are weighted by the square of `rootWeights`. */
export function identifiable(loads: readonly Load[], rootWeights: Float64Array): Identifiable {
  const missing = new Map<Feature, Unidentifiable>();
  let groups: FeatureGroup[] = [];
  for (const feature of FEATURES) {
    const why = unfit(loads.map((load) => load[feature]));
    if (why !== undefined) missing.set(feature, why);
    else groups.push({ features: [feature], ratios: [1] });
  }

  const base = rootWeights;
  const column = (group: FeatureGroup) =>
    Float64Array.from(loads, (load, i) => unitsOf(group, load) * rootWeights[i]!);
  const inflation = (group: FeatureGroup, others: readonly FeatureGroup[]) => {
    const centred = distanceFromSpan(column(group), [base]);
    const alone = distanceFromSpan(column(group), [base, ...others.map(column)]);
    return (centred / alone) ** 2;
  };

  // Bytes first, and never merged: a message has its bytes, so what matters is whether sizes varied.
  const bytes = groups.find((group) => group.features[0] === 'bytes');
  if (bytes !== undefined) {
    const others = groups.filter((group) => group !== bytes);
    if (!(inflation(bytes, others) <= MAX_INFLATION)) {
      missing.set('bytes', 'moved with the others');
      groups = others;
    }
  }

  for (;;) {
    const open = groups.filter((group) => group.features[0] !== 'bytes');
    const worst = open
      .map((group) => ({
        group,
        vif: inflation(
          group,
          groups.filter((other) => other !== group),
        ),
      }))
      .filter(({ vif }) => !(vif <= MAX_INFLATION))
      .sort((a, b) => b.vif - a.vif)[0]?.group;
    if (worst === undefined || open.length < 2) break;
    const partner = open
      .filter((group) => group !== worst)
      .map((group) => ({ group, distance: distanceFromSpan(column(group), [base, column(worst)]) }))
      .map(({ group, distance }) => ({
        group,
        rest: distance / distanceFromSpan(column(group), [base]),
      }))
      .sort((a, b) => a.rest - b.rest)[0]!.group;
    const merged = merge(loads, [...worst.features, ...partner.features]);
    groups = groups.filter((group) => group !== worst && group !== partner);
    const why = unfit(loads.map((load) => unitsOf(merged, load)));
    if (why === undefined) groups.push(merged);
    else for (const feature of merged.features) missing.set(feature, why);
  }
  const order = (group: FeatureGroup) => FEATURES.indexOf(group.features[0]!);
  return { groups: groups.sort((a, b) => order(a) - order(b)), missing };
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
