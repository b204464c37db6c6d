import type { Context } from "../context.ts";
import type { ServiceRequest, ServiceResponse } from "./message.ts";

export type Method = "DELETE" | "GET" | "PATCH" | "POST" | "PUT";

/** A request, and what its path says. */
export interface Call {
  context: Context;
  request: ServiceRequest;
  /** A decoded part of the path; "" when the route has none of that name. */
  part: (name: string) => string;
  ifMatch: string | undefined;
}

export type Handler = (call: Call) => ServiceResponse | Promise<ServiceResponse>;

export type Route = readonly [method: Method, path: string, handler: Handler];
