// node -r loopback.cjs server.js: every port of the process is opened on 127.0.0.1 alone, whatever the program asks for
const net = require('node:net')

const { listen } = net.Server.prototype
net.Server.prototype.listen = function (...args) {
  const [first, second] = args
  if (typeof first === 'object' && first !== null && first.port !== undefined) args[0] = { ...first, host: '127.0.0.1' }
  else if (typeof first === 'number' || /^\d+$/.test(first))
    args.splice(1, typeof second === 'string' ? 1 : 0, '127.0.0.1')
  return listen.apply(this, args)
}
