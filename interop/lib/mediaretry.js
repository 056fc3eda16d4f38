/**
 * Asking the phone for a file again, by node's own cryptography: zapo-js 0.3.0 has no call for it. Key: HKDF-SHA256
 * of the media key; cipher: AES-256-GCM bound to the message's id.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { proto } from 'zapo-js/proto'

const TAG = 16

function keyOf(mediaKey) {
    return Buffer.from(hkdfSync('sha256', mediaKey, Buffer.alloc(0), 'WhatsApp Media Retry Notification', 32))
}

/** The receipt that asks; `me` and `chat` are bare JIDs. */
export function askAgain(mediaKey, id, me, chat) {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', keyOf(mediaKey), iv).setAAD(Buffer.from(id))
    const plain = proto.ServerErrorReceipt.encode({ stanzaId: id }).finish()
    const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    const part = (tag, content) => ({ tag, attrs: {}, content })
    return {
        tag: 'receipt',
        attrs: { id, to: me, type: 'server-error' },
        content: [
            part('encrypt', [part('enc_p', sealed), part('enc_iv', iv)]),
            { tag: 'rmr', attrs: { jid: chat, from_me: 'false' } }
        ]
    }
}

/** What the phone answered: `{directPath}`, or `{error}`. */
export function answered(mediaKey, node) {
    const child = (from, tag) => from.content.find((each) => each.tag === tag)
    const error = child(node, 'error')
    if (error) return { error: Number(error.attrs.code) }
    const encrypt = child(node, 'encrypt')
    const sealed = Buffer.from(child(encrypt, 'enc_p').content)
    const decipher = createDecipheriv('aes-256-gcm', keyOf(mediaKey), Buffer.from(child(encrypt, 'enc_iv').content))
    decipher.setAAD(Buffer.from(node.attrs.id)).setAuthTag(sealed.subarray(-TAG))
    const plain = Buffer.concat([decipher.update(sealed.subarray(0, -TAG)), decipher.final()])
    return { directPath: proto.MediaRetryNotification.decode(plain).directPath }
}
