// Receives Wharf's events: verifies each, passes over what it has seen, prints the rest.

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

/** The fields every event has; `payload` depends on `event` (see /api/v1/openapi.json). */
interface WharfEvent {
  schema: "v1";
  id: string;
  event: string;
  organization: string;
  session: string;
  seq: number | null;
  timestamp: number;
  payload: Record<string, unknown>;
}

const secret = process.env.WEBHOOK_SECRET;
if (!secret) {
  console.error("WEBHOOK_SECRET: set it to the whsec_… of your webhook");
  process.exit(2);
}
const webhook = new Webhook(secret);

// In memory, so until it ends. A program that acts on events keeps the ids in its database, in the transaction of what it does.
const seen = new Set<string>();

const server = createServer(async (request, response) => {
  response.statusCode = await hook(request).catch(() => 400);
  response.end();
});

async function hook(request: IncomingMessage): Promise<number> {
  if (request.method !== "POST" || request.url !== "/hook") return 404;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  // Over the bytes as they came: a body that was parsed and written anew has another signature.
  const body = Buffer.concat(chunks).toString("utf8");
  const id = String(request.headers["webhook-id"]);
  try {
    webhook.verify(body, request.headers as Record<string, string>);
  } catch {
    return 401;
  }
  // The same id comes again when an answer was late or lost.
  if (!seen.has(id)) {
    seen.add(id);
    handle(JSON.parse(body));
  }
  return 204;
}

/** The answer waits for this: what takes long belongs in a queue. */
function handle(event: WharfEvent): void {
  console.log(JSON.stringify(event));
}

server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  console.log(`listening on http://127.0.0.1:${port}/hook`);
});
