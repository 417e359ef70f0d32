// node kinesalite.cjs: tells its parent the port
const kinesalite = require('kinesalite')

const server = kinesalite({ createStreamMs: 150, deleteStreamMs: 0, updateStreamMs: 150, shardLimit: 1_000 })
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('disconnect', () => process.exit())
