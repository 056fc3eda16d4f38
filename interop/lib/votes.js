/**
 * Votes by node's own cryptography. zapo-js 0.3.0 opens votes on polls of others and seals none; a vote on a
 * poll of its own it tries to open under its number, whatever form the chat is addressed in.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { proto } from 'zapo-js/proto'

const TAG = 16

export const optionHash = (name) => createHash('sha256').update(name).digest()

function keys({ secret, pollId, creator, voter }) {
    const info = `${pollId}${creator}${voter}Poll Vote`
    return {
        key: Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), info, 32)),
        aad: Buffer.from(`${pollId}\0${voter}`)
    }
}

/** `pollEncValue` of a vote for the named options. */
export function sealVote(ballot, options) {
    const { key, aad } = keys(ballot)
    const encIv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, encIv).setAAD(aad)
    const vote = proto.Message.PollVoteMessage.encode({ selectedOptions: options.map(optionHash) }).finish()
    return { encPayload: Buffer.concat([cipher.update(vote), cipher.final(), cipher.getAuthTag()]), encIv }
}

/** The option hashes of a vote, in hex; throws when it does not open. */
export function openVote(ballot, { encPayload, encIv }) {
    const { key, aad } = keys(ballot)
    const sealed = Buffer.from(encPayload)
    const decipher = createDecipheriv('aes-256-gcm', key, encIv).setAAD(aad).setAuthTag(sealed.subarray(-TAG))
    const vote = Buffer.concat([decipher.update(sealed.subarray(0, -TAG)), decipher.final()])
    return proto.Message.PollVoteMessage.decode(vote).selectedOptions.map((hash) => Buffer.from(hash).toString('hex'))
}
