import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * The `etcd3` package, when it is first needed: with gRPC it takes 17 MB of each process, and most nodes (replicants, and
 * a core with the embedded store) never speak to etcd.
 */
export function etcdLibrary(): typeof import('etcd3') {
  return require('etcd3');
}

/** `cockatiel`, whose policies `etcd3` takes; with it. */
export function policyLibrary(): typeof import('cockatiel') {
  return require('cockatiel');
}
