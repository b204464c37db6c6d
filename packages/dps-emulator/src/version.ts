/** Version of this package, as `GET /health` tells it. */
export const VERSION = "0.1.0";
