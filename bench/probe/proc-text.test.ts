import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  listeningSockets,
  parseOpenFileLimit,
  parseResidentPages,
  parseSchedstat,
  parseStat,
} from './proc-text.js';

describe('the text of /proc files', () => {
  it('gives name, state, parent, CPU ticks and start of a process', () => {
    const stat = parseStat(
      '5351 (node) R 5348 5351 3000 0 -1 4194304 2814 0 10 0 55 7 0 0 20 0 7 0 71984 1015738368 11614 0\n',
    );
    assert.deepEqual(stat, {
      name: 'node',
      state: 'R',
      parentPid: 5348,
      cpuTicks: 62,
      startTicks: 71_984,
    });
  });

  it('takes names with blanks and parentheses', () => {
    const stat = parseStat('7 (a (b) c) S 1 7 7 0 -1 0 0 0 0 0 1 2 0 0 20 0 1 0 9 0 0 0');
    assert.equal(stat?.name, 'a (b) c');
    assert.equal(stat?.cpuTicks, 3);
  });

  it('is refused when it is no stat line', () => {
    for (const text of ['', 'hello', ')(', '7 (a) S 1']) assert.equal(parseStat(text), undefined);
  });

  it('has nanoseconds in schedstat only where the kernel keeps them', () => {
    assert.equal(parseSchedstat('562462148 188551 23\n'), 562_462_148);
    assert.equal(parseSchedstat('0 0 1\n'), 0);
    assert.equal(parseSchedstat('0 0 0\n'), undefined);
    assert.equal(parseSchedstat(''), undefined);
  });

  it('has resident pages second in statm', () => {
    assert.equal(parseResidentPages('247983 12034 9821 6802 0 12726 0\n'), 12_034);
  });

  it('lists the sockets that listen on a port, of both address families', () => {
    const tcp = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1661 1 0 100 0 0 10 0',
      '   1: 0100007F:075B 0100007F:A3C2 01 00000000:00000000 00:00000000 00000000     0        0 1700 1 0 20 4 30 10 -1',
      '   2: 0100007F:075B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1701 1 0 100 0 0 10 0',
    ].join('\n');
    assert.deepEqual(listeningSockets(tcp, 1883), [{ address: '0100007F', inode: '1701' }]);
    assert.deepEqual(
      listeningSockets(tcp, 2024).map(({ inode }) => inode),
      ['1661'],
    );
    assert.deepEqual(listeningSockets(tcp, 99), []);
    const tcp6 = [
      '  sl  local_address                         remote_address                        st',
      '   0: 00000000000000000000000000000000:075B 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1801 1 0 100 0 0 10 0',
    ].join('\n');
    assert.deepEqual(listeningSockets(tcp6, 1883), [{ address: '0'.repeat(32), inode: '1801' }]);
  });

  it('has the soft limit of open files', () => {
    const limits = (files: string): string =>
      `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${files}                20000                files\n`;
    assert.equal(parseOpenFileLimit(limits('1024')), 1024);
    assert.equal(parseOpenFileLimit(limits('unlimited')), null);
    assert.equal(parseOpenFileLimit(''), null);
  });
});
