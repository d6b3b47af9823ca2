import { install } from '../../bench/peers/install.js';
import { PEERS, type PeerName, peerFolder } from './outside.js';

/** `npm run peers`: installs what tests compare with, below .peers. */
for (const name of Object.keys(PEERS) as PeerName[]) {
  const found = install({ folder: peerFolder(name), ...PEERS[name] });
  if ('absent' in found) {
    process.stderr.write(`${found.absent}\n`);
    process.exitCode = 1;
  } else process.stderr.write(`${name} ${found.version}\n`);
}
