/**
 * A lock between processes: a file that names its holder.
 *
 * - The file comes to be with its content (written aside, then linked): no reader sees it empty.
 * - A lock whose process is gone is taken over by one waiter only: the one that makes the claim file named by the
 *   dead holder. It looks again after claiming, so a slow waiter can't remove a lock that was just taken over.
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `work` while no other process holds the lock `file`.
 * @param {string} file path of the lock; its folder exists
 * @param {(text: string) => void} say told once when there is something to wait for
 * @param {() => Promise<void>} work
 */
export async function withLock(file, say, work) {
  const holder = `${process.pid} ${Date.now().toString(36)}`;
  for (let told = false; !take(file, holder); await sleep(200)) {
    const other = readIfThere(file);
    if (other === undefined) continue;
    const pid = Number.parseInt(other, 10);
    if (!isAlive(pid)) takeAway(file, other);
    else if (!told) {
      say(`process ${pid} is setting this folder up; waiting for it (no such process? delete ${file})`);
      told = true;
    }
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

function take(file, holder) {
  const aside = `${file}.${process.pid}`;
  writeFileSync(aside, holder);
  try {
    linkSync(aside, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function takeAway(file, dead) {
  const claim = `${file}.${dead.replace(' ', '-')}.claim`;
  try {
    writeFileSync(claim, '', { flag: 'wx' });
  } catch (error) {
    if (error.code === 'EEXIST') return; // another waiter is at it
    throw error;
  }
  if (readIfThere(file) === dead) rmSync(file, { force: true });
  rmSync(claim, { force: true });
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
