/**
 * Bytes of a connection at rest at one of its ends: its process's and the kernel's. Measured with 170,000 devices on ten
 * nodes of the bundled cluster (Linux 6.18, Node 20; perf/README.md, a million connections): free memory fell by 21.1 KB
 * each, of which 10.1 were the kernel's for both ends, 3.8 the lean driver's, 3.8 the broker's, and 2.8 the processes' before
 * any connection. MQTT.js's client has 21 KB in place of 3.8 (design, §4).
 *
 * Not to be taken from MemAvailable: it counts the inodes of open sockets as if they could be taken back.
 */
export const DEVICE_BYTES = { lean: 8_900, mqttjs: 26_000 } as const;
