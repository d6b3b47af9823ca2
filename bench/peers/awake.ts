import { spawn } from 'node:child_process';

/**
 * Keeps every core awake: a busy loop of the idle class and lowest priority on each, which gives way to any other thread at once.
 * Some virtual machines (`sched_vcpu_pack` in /proc/cmdline) put new threads on the core of their maker until it has been
 * full for a while. llama.cpp starts its threads anew for each batch, and its threads wait for each other in busy loops: on
 * such a machine it falls to a twentieth, with nothing else running. Needs taskset, chrt and nice (util-linux, coreutils).
 */
export function keepAwake(cores: number): { readonly end: () => void } {
  const loop =
    'process.on("disconnect", () => process.exit()); setInterval(() => { const end = Date.now() + 1000; while (Date.now() < end); }, 0)';
  const children = Array.from({ length: cores }, (_, core) =>
    spawn('taskset', ['-c', `${core}`, 'chrt', '--idle', '0', 'nice', '-n', '19', process.execPath, '-e', loop], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'], // its end tells the loop that we are gone
    }),
  );
  return {
    end: () => {
      for (const child of children) child.kill('SIGKILL');
    },
  };
}
