import { agentTopology, parseAgentConfig } from '@millrace/kinesis/agent'
import { expect, test } from 'vitest'

const flow = { filePattern: '/var/log/app.log*', kinesisStream: 'logs' }
const read = (config: object) => parseAgentConfig(JSON.stringify(config), 'agent.json')

test('has the defaults of the Agent', () => {
  expect(read({ flows: [flow] })).toMatchObject({
    ignored: [],
    flows: [
      {
        filePattern: '/var/log/app.log*',
        stream: 'logs',
        isRandomKey: true,
        from: 'end',
        maxBufferAgeMs: 60_000,
        maxBufferRecords: 500,
        maxBufferBytes: 5_242_880,
        skipHeaderLines: 0,
        truncatedRecordTerminator: '\n',
      },
    ],
  })
})

test('says what it does not honour, and why', () => {
  const { ignored } = read({
    'cloudwatch.emitMetrics': true,
    maxSendingThreads: 24,
    checkpointFile: '/x',
    flows: [{ ...flow, minTimeBetweenFilePollsMillis: 100 }],
  })
  expect(ignored).toEqual([
    'cloudwatch.emitMetrics: it has no metrics for CloudWatch',
    'maxSendingThreads: requests go out without threads',
    'checkpointFile: positions are in the state file, --state',
    'flows[0].minTimeBetweenFilePollsMillis: files are looked at as they grow',
  ])
})

test('takes comments and empty texts as the agent.json that the Agent comes with has them', () => {
  const text = `{
    // "kinesis.region": "x"
    "kinesis.endpoint": "", "firehose.endpoint": "", "assumeRoleARN": null, /* more
    later */
    "flows": [{ "filePattern": "/tmp/app//*.log*", "kinesisStream": "s", "multiLineStartPattern": "" }]
  }`
  expect(parseAgentConfig(text, 'agent.json')).toMatchObject({
    client: {},
    ignored: [],
    flows: [{ filePattern: '/tmp/app//*.log*', recordStart: undefined }],
  })
  expect(parseAgentConfig('{}', 'agent.json').flows).toEqual([])
  expect(() => parseAgentConfig('{ "a": 1, /* }', 'agent.json')).toThrow(/is no JSON/)
})

test('reaches the endpoint, region and role that it names', () => {
  const { client } = read({
    'kinesis.endpoint': 'kinesis.eu-west-1.amazonaws.com',
    assumeRoleARN: 'arn:aws:iam::1:role/r',
    flows: [flow],
  })
  expect(client).toEqual({
    endpoint: 'https://kinesis.eu-west-1.amazonaws.com',
    region: 'eu-west-1',
    role: { arn: 'arn:aws:iam::1:role/r' },
  })
})

test.each([
  [{ flows: {} }, /agent\.json: flows: must be a list/],
  [{ flows: [{ filePattern: '/a', deliveryStream: 'f' }] }, /flows\[0\]\.deliveryStream: 'f' is a stream of Firehose/],
  [
    { flows: [{ ...flow, initialPostion: 'START_OF_FILE' }] },
    /'initialPostion' is not known; did you mean initialPosition\?/,
  ],
  [{ flows: [{ ...flow, maxBufferSizeRecords: 501 }] }, /maxBufferSizeRecords: '501' is no whole number from 1 to 500/],
  [{ flows: [{ ...flow, partitionKeyOption: 'HASH' }] }, /'HASH' is none of RANDOM, DETERMINISTIC/],
  [{ flows: [{ ...flow, multiLineStartPattern: '(' }] }, /multiLineStartPattern: '\(' is no regular expression/],
  [{ flows: [flow], awsAccessKeyId: 'a' }, /give both or none/],
  [{ flows: [flow], 'kinesis.endpoint': 5 }, /agent\.json: kinesis\.endpoint: must be a text/],
  [{ flows: [{ ...flow, skipHeaderLines: '' }] }, /skipHeaderLines: '' is no whole number/],
  [{ flows: [{ ...flow, filePattern: 'app.log' }] }, /flows\[0\]\.filePattern: 'app.log' is no absolute path/],
  [{ flows: [{ ...flow, filePattern: '/var/log/' }] }, /'\/var\/log\/' is a folder; add \*/],
  [{ flows: [{ ...flow, filePattern: '/var/*/a.log' }] }, /has a pattern for folders/],
  [{ flows: [{ ...flow, kinesisStream: 'a b' }] }, /flows\[0\]\.kinesisStream: 'a b' is no name of a stream/],
  [{ flows: [{ ...flow, truncatedRecordTerminator: 'x'.repeat(2_000) }] }, /has more than 1024 bytes/],
  [
    {
      flows: [
        { ...flow, dataProcessingOptions: [{ optionName: 'CSVTOJSON', customFieldNames: ['a'], delimeter: ';' }] },
      ],
    },
    /dataProcessingOptions\[0\]: 'delimeter' is not known; did you mean delimiter\?/,
  ],
])('refuses %j', (config, message) => {
  expect(() => read(config)).toThrow(message)
})

test('a file may leave all flows to those beside it, but there must be some', () => {
  expect(read({ flows: [] }).flows).toEqual([])
  expect(() => agentTopology(read({ flows: [] }))).toThrow(/flows: there is none/)
})
