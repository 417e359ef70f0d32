import { crc32 } from 'node:zlib'

/** A message of AWS's event stream encoding: headers of text and a payload. */
function encodeMessage(headers: Readonly<Record<string, string>>, payload: string): Buffer {
  const encodedHeaders = Buffer.concat(Object.entries(headers).map(encodeHeader))
  const body = Buffer.from(payload)
  const total = 16 + encodedHeaders.length + body.length
  const message = Buffer.alloc(total)
  message.writeUInt32BE(total, 0)
  message.writeUInt32BE(encodedHeaders.length, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  encodedHeaders.copy(message, 12)
  body.copy(message, 12 + encodedHeaders.length)
  message.writeUInt32BE(crc32(message.subarray(0, total - 4)), total - 4)
  return message
}

const textType = 7

function encodeHeader([name, value]: [string, string]): Buffer {
  const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)]
  const header = Buffer.alloc(1 + nameBytes.length + 3 + valueBytes.length)
  header.writeUInt8(nameBytes.length, 0)
  nameBytes.copy(header, 1)
  header.writeUInt8(textType, 1 + nameBytes.length)
  header.writeUInt16BE(valueBytes.length, 2 + nameBytes.length)
  valueBytes.copy(header, 4 + nameBytes.length)
  return header
}

/** An event of a type. */
export const encodeEvent = (type: string, payload: string): Buffer =>
  encodeMessage(
    { ':event-type': type, ':content-type': 'application/x-amz-json-1.1', ':message-type': 'event' },
    payload,
  )

/** An error that ends a stream of events. */
export const encodeException = (code: string, message: string): Buffer =>
  encodeMessage(
    { ':exception-type': code, ':content-type': 'application/x-amz-json-1.1', ':message-type': 'exception' },
    JSON.stringify({ message }),
  )
