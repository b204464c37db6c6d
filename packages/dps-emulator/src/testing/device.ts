import { createHmac } from "node:crypto";
import {
  DeviceRegistrationState,
  parseWire,
  RegistrationOperationStatus,
  ServiceErrorBody,
} from "@dps-certs/dps-protocol";
import type { Peer } from "../device/peer.ts";
import type { Answer, World } from "./world.ts";

/** How a device shows who it is. */
export interface Shown {
  peer?: Peer | undefined;
  token?: string | undefined;
}

/** A device of the tests; every answer must have the shape that clients read. */
export interface Device {
  register(body?: unknown): Promise<Answer>;
  poll(operationId: string): Promise<Answer>;
  lookUp(): Promise<Answer>;
  /** Registers, waits and polls: the final answer, or the refusal. */
  enroll(payload?: unknown): Promise<Answer>;
}

export function deviceOf(world: World, id: string, { peer, token }: Shown): Device {
  const path = `/${world.service.idScope}/registrations/${encodeURIComponent(id)}`;
  const headers = token === undefined ? {} : { authorization: token };
  const ask = async (method: string, rest: string, body?: unknown) => {
    const target = `${path}${rest}?api-version=2021-06-01`;
    const answer = await world.send(method, target, { headers, peer, body });
    const isState = method === "POST" && answer.status < 400;
    const good = isState ? DeviceRegistrationState : RegistrationOperationStatus;
    parseWire(answer.status < 400 ? good : ServiceErrorBody, answer.body, "an answer");
    return answer;
  };
  const register = (body: unknown = { registrationId: id }) => ask("PUT", "/register", body);
  const poll = (operationId: string) => ask("GET", `/operations/${operationId}`);
  return {
    register,
    poll,
    lookUp: () => ask("POST", "", { registrationId: id }),
    enroll: async (payload) => {
      const started = await register({ registrationId: id, payload });
      if (started.status !== 202) return started;
      world.forward(world.context.settings.retryAfterSeconds);
      return await poll(started.body.operationId);
    },
  };
}

/** A device's SAS token, signed here and not by the code under test. */
export function deviceToken(options: {
  /** Literally, as it is signed. */
  sr: string;
  /** Base64. */
  key: string;
  expiresAt: Date;
  /** Behind the fields that every token has. @default "&skn=registration" */
  rest?: string;
}): string {
  const { sr, key, expiresAt, rest = "&skn=registration" } = options;
  const se = Math.floor(expiresAt.getTime() / 1000);
  const sig = createHmac("sha256", Buffer.from(key, "base64")).update(`${sr}\n${se}`);
  const encoded = encodeURIComponent(sig.digest("base64"));
  return `SharedAccessSignature sr=${sr}&sig=${encoded}&se=${se}${rest}`;
}

/** Why a device was refused. */
export const refusalOf = ({ status, body }: Answer): unknown => ({
  status,
  errorCode: body.errorCode,
  message: body.message,
});

const refused = (message: string) => ({ status: 401, errorCode: 401002, message });
export const UNAUTHORIZED: unknown = refused("Unauthorized");
export const INVALID: unknown = refused("Invalid certificate.");
export const CA_NOT_FOUND: unknown = refused("CA certificate not found.");
