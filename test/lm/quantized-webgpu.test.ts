import { test } from 'node:test';
import { holdOnWebgpu } from '../support/claims.js';

test('weights of 4 bits on WebGPU', (t) => holdOnWebgpu(t, new URL('./quantized-webgpu-process.js', import.meta.url)));
