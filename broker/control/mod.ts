/** What can be asked of a running node, and the commands that ask it over a socket of this machine. */
export { clusterControl } from './cluster-control.js';
export { usagePage } from './commands/mod.js';
export { controlFolder, runningNodes } from './control-socket.js';
export { askNode, CtlError, type CtlScreens } from './ctl-client.js';
export { CtlServer, type CtlServerOptions } from './ctl-server.js';
export { loneCluster } from './lone-cluster.js';
export * from './node-control.js';
export { type ControlledNode, controlOf } from './single-node.js';
