// Reads cases from standard input, and says of each what the receiver gave, or null.
import { readFileSync } from "node:fs";
import { verify } from "./receiver.mjs";

const event = ({ secret, headers, body }) => {
  try {
    return verify(secret, headers, Buffer.from(body));
  } catch {
    return null;
  }
};

console.log(JSON.stringify(JSON.parse(readFileSync(0)).map(event)));
