// client.mjs URL: node's fetch goes through what every client has to; NODE_EXTRA_CA_CERTS names the authorities.

const [url] = process.argv.slice(2);

function expect(got, wanted) {
  if (got !== wanted) throw new Error(`got ${got}, not ${wanted}`);
}

const text = async (path, options) => (await fetch(url + path, options)).text();

async function* pieces() {
  for (let piece = 0; piece < 3; piece++) yield new Uint8Array(100_000);
}

expect(await text("/hello?x=1"), "GET /hello?x=1 0");
expect(await text("/form", { method: "POST", body: "a".repeat(1_002) }), "POST /form 1002");
expect(await text("/stream", { method: "PUT", body: ReadableStream.from?.(pieces()) ?? new Blob([new Uint8Array(300_000)]), duplex: "half" }), "PUT /stream 300000");
expect((await text("/large?1000000")).length, 1_000_000);
expect(await text("/hello", { method: "HEAD" }), "");
const answers = await Promise.all(Array.from({ length: 40 }, (_, number) => text(`/${number}`)));
answers.forEach((answer, number) => expect(answer, `GET /${number} 0`));
