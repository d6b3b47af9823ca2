import { test } from 'node:test';
import { holdOnWebgpu } from '../support/claims.js';

test('weights of 16 bits on a device', (t) => holdOnWebgpu(t, new URL('./device-halves-process.js', import.meta.url)));
