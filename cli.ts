#!/usr/bin/env node
/**
 * The command line, behind an import of its own: Node opens its modules all at once, and where a process may
 * not have that many files the user is to read why.
 */
import { readFileSync } from 'node:fs';
import { isOutOfFiles } from './cli/out-of-files.js';

// Of the libraries: nothing that whoever runs this could act on.
process.noDeprecation = true;
// Beforehand, for there is no file left to read it with when it is needed.
const openFiles = openFileLimit();
try {
  const { commandLine } = await import('./cli/command-line.js');
  await commandLine();
} catch (error) {
  if (!isOutOfFiles(error)) throw error;
  process.stderr.write(
    `a process may have ${openFiles} open files here (ulimit -n), too few for Fleetgauge to start: ` +
      `raise it with 'ulimit -n 1024' or more\n`,
  );
  process.exitCode = 2;
}

function openFileLimit(): string {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return /^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 'few';
  } catch {
    return 'few';
  }
}
