import { accessLog, count, from, json, topology, tumbling } from '@millrace/core'
import { files, folder } from '@millrace/file'

export default topology('page-views')
  .sources(() => ({
    requests: from(files({ path: '/tmp/trial/e2e/*.log', decode: accessLog({ format: 'nginx' }) }), {
      eventTime: 'at',
      outOfOrderness: '60s',
      idleAfter: '30s',
    }),
  }))
  .build(({ requests }) => ({
    views: requests
      .keyBy('path')
      .window(tumbling('1m'))
      .aggregate({ views: count() })
      .to(folder({ path: '/tmp/trial/e2e/out', encode: json(), subfolder: 'date={date}/hour={hour}', compression: 'zstd' })),
    all: requests.to(folder({ path: '/tmp/trial/e2e/all', encode: accessLog() , roll: { age: '2s' }})),
  }))
