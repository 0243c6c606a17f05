// Looks for a number n such that SHA-256("<puzzle>.<n>") begins with enough zero bits. The hash is our own because the
// browser's is not there on plain http and waits between any two calls. FIPS 180-4.
"use strict";

const ROUND = new Uint32Array(64);
const INITIAL = new Uint32Array(8);

// The constants are fractions of the square and cube roots of the first primes.
{
  let found = 0;
  for (let candidate = 2; found < 64; candidate++) {
    let isPrime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) isPrime &&= candidate % divisor !== 0;
    if (!isPrime) continue;
    if (found < 8) INITIAL[found] = (candidate ** (1 / 2) % 1) * 2 ** 32;
    ROUND[found++] = (candidate ** (1 / 3) % 1) * 2 ** 32;
  }
}

const words = new Uint32Array(64);
const state = new Uint32Array(8);

function rotate(value, count) {
  return (value >>> count) | (value << (32 - count));
}

function absorb(bytes, offset) {
  for (let i = 0; i < 16; i++) {
    const at = offset + 4 * i;
    words[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let i = 16; i < 64; i++) {
    const early = words[i - 15];
    const late = words[i - 2];
    words[i] = words[i - 16] + (rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)) + words[i - 7]
      + (rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10));
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const first = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + ROUND[i] + words[i]) | 0;
    const second = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + first) | 0; d = c; c = b; b = a; a = (first + second) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d;
  state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

// `bytes` holds the message of `length` bytes and has room for its padding.
function zeroBits(bytes, length) {
  const end = (length + 9 + 63) & ~63;
  bytes.fill(0, length, end);
  bytes[length] = 0x80;
  for (let i = 0; i < 4; i++) bytes[end - 1 - i] = (length * 8) >>> (8 * i);
  state.set(INITIAL);
  for (let offset = 0; offset < end; offset += 64) absorb(bytes, offset);
  return state[0] === 0 ? 32 + Math.clz32(state[1]) : Math.clz32(state[0]);
}

addEventListener("message", ({ data: { puzzle, difficulty } }) => {
  const head = new TextEncoder().encode(`${puzzle}.`);
  const bytes = new Uint8Array(((head.length + 32) & ~63) + 128);
  bytes.set(head);
  const expected = 2 ** difficulty;
  for (let number = 0; ; number++) {
    const digits = String(number);
    for (let i = 0; i < digits.length; i++) bytes[head.length + i] = digits.charCodeAt(i);
    if (zeroBits(bytes, head.length + digits.length) >= difficulty) {
      return postMessage({ number, share: 1 });
    }
    // How likely it was to be found by now.
    if (number % 16384 === 0) postMessage({ share: 1 - Math.exp(-number / expected) });
  }
});
