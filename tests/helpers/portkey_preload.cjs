// Preloaded into Portkey's gateway, which would listen on every address of the computer.
const { Server } = require("node:net");
const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  return typeof port === "number" || typeof port === "string"
    ? listen.call(this, Number(port), "127.0.0.1", ...rest.filter((it) => typeof it === "function"))
    : listen.call(this, { ...port, host: "127.0.0.1" }, ...rest);
};

// The gateway adds headers to the replies of fetch, which Node does not allow: give it copies.
const { fetch, Response } = globalThis;
globalThis.fetch = async (...request) => {
  const reply = await fetch(...request);
  return new Response(reply.body, reply);
};
