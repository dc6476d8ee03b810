import { EmbeddedStore, type Outcome, StoreError, type Write } from '../../store/mod.js';

/** An embedded store that can be told to fail writes, while leases and watches go on. */
export class FailingStore extends EmbeddedStore {
  /** `lost`: nothing of it happens; `unsaid`: it happens, and its writer hears that no answer came. */
  mode: 'works' | 'lost' | 'unsaid' = 'works';
  failures = 0;

  override async commit(writes: readonly Write[]): Promise<Outcome[]> {
    const { mode } = this;
    if (mode === 'works') return super.commit(writes);
    this.failures++;
    if (mode === 'unsaid') await super.commit(writes);
    throw new StoreError('UNAVAILABLE', 'no answer came in time');
  }
}
