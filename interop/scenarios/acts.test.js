import assert from 'node:assert/strict'
import { proto } from 'zapo-js/proto'
import { textOf } from '../lib/client.js'
import { scenario } from '../lib/scenario.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010018'
const BORIS = '15550020018'
const ELDER = '15550030018'
const CHLOE = '15550040018'
const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type

scenario('people edit, take back, react, type and call', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris')
    const client = await stage.linked(ANNA, 'Anna')
    const act = (body) => network.post(`/accounts/${BORIS}/send`, { to: ANNA, ...body })

    const { waMessageId } = await act({ type: 'text', text: 'teh first' })
    const { chatJid } = await client.text('teh first')
    await act({ type: 'edit', waMessageId, text: 'the first' })
    const edited = await client.waitFor('message', (event) => protocolOf(event)?.type === MESSAGE_EDIT, 'the edit')
    assert.equal(protocolOf(edited).key.id, waMessageId)
    assert.equal(textOf(protocolOf(edited).editedMessage), 'the first')

    const own = await client.wa.sendMessage(chatJid, 'like it?')
    await network.received(BORIS, 'like it?')
    await act({ type: 'reaction', waMessageId: own.id, emoji: '👍' })
    const reaction = await client.waitFor('message', (event) => event.message.reactionMessage, 'the reaction')
    assert.equal(reaction.message.reactionMessage.text, '👍')
    assert.equal(reaction.message.reactionMessage.key.id, own.id)

    await act({ type: 'revoke', waMessageId })
    const revoked = await client.waitFor('message', (event) => protocolOf(event)?.type === REVOKE, 'the revocation')
    assert.equal(protocolOf(revoked).key.id, waMessageId)

    await client.wa.sendPresence('available')
    await act({ type: 'typing', state: 'composing' })
    const typing = await client.waitFor('chatstate')
    assert.equal(typing.chatJid, chatJid)
    await act({ type: 'call', kind: 'missed' })
    await client.waitFor('call', (event) => event.rawNode.content.some(({ tag }) => tag === 'offer'), 'the call')

    // And the other way: what the client takes back is gone from the phone of Boris.
    const key = { remoteJid: chatJid, fromMe: true, id: own.id }
    await client.wa.sendMessage(chatJid, { protocolMessage: { type: REVOKE, key } })
    await until('the message to be gone', async () =>
        (await network.inbox(BORIS)).some((entry) => entry.waMessageId === own.id && entry.deleted)
    )
})

scenario('an account of the old form writes as its number, a shy one only as its LID', async (stage) => {
    const { network } = stage
    await network.person(ELDER, 'Elder', { lidMigrated: false })
    await network.person(BORIS, 'Boris')
    const client = await stage.linked(ANNA, 'Anna')

    await network.post(`/accounts/${ELDER}/send`, { to: ANNA, type: 'text', text: 'by number' })
    const old = await client.text('by number')
    assert.equal(old.chatJid, `${ELDER}@s.whatsapp.net`)
    assert.equal(old.rawNode.attrs.sender_lid, (await network.account(ELDER)).lid)
    await client.wa.sendMessage(old.chatJid, 'hello, number')
    await network.received(ELDER, 'hello, number')

    await network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'text', text: 'guess who', hideNumber: true })
    const shy = await client.text('guess who')
    assert.equal(shy.chatJid, (await network.account(BORIS)).lid)
    assert.equal(shy.rawNode.attrs.sender_pn, undefined)
    await client.wa.sendMessage(shy.chatJid, 'hello, whoever')
    await network.received(BORIS, 'hello, whoever')
})

scenario('pictures go both ways over the media server', async (stage) => {
    const { network } = stage
    const bytes = Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex')
    await network.person(BORIS, 'Boris')
    const client = await stage.linked(ANNA, 'Anna')

    const media = { data: bytes.toString('base64'), mimetype: 'image/jpeg', caption: 'the pier' }
    await network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'image', media })
    const event = await client.waitFor('message', ({ message }) => message.imageMessage, 'the picture')
    const image = event.message.imageMessage
    assert.equal(image.caption, 'the pier')
    const { directPath, mediaKey, fileSha256, fileEncSha256 } = image
    const got = await client.wa.mediaTransfer.downloadAndDecrypt({ directPath, mediaType: 'image', mediaKey, fileSha256, fileEncSha256 })
    assert.deepEqual(Buffer.from(got), bytes)

    await client.wa.sendMessage(event.chatJid, { type: 'image', media: new Uint8Array(bytes), mimetype: 'image/jpeg', caption: 'and the sea' })
    const entry = await network.received(BORIS, 'and the sea')
    assert.equal(entry.type, 'image')
    assert.equal(entry.media.mimetype, 'image/jpeg')
    assert.equal(entry.media.size, bytes.length)
})

scenario('in a group an admin takes back what others wrote; nobody else can', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris')
    await network.person(CHLOE, 'Chloe')
    const client = await stage.linked(ANNA, 'Anna')
    const { groupJid } = await network.post('/groups', { subject: 'Garden', owner: BORIS, members: [ANNA, CHLOE] })
    await client.quiet()
    const act = (who, body) => network.post(`/accounts/${who}/send`, { to: groupJid, ...body })
    const line = async (who, id) => (await network.inbox(who)).find((entry) => entry.waMessageId === id)

    // What the client wrote: edited by itself, liked by one, taken back by the admin.
    const own = await client.wa.sendMessage(groupJid, 'teh hedge')
    await network.received(CHLOE, 'teh hedge')
    const key = { remoteJid: groupJid, fromMe: true, id: own.id }
    await client.wa.sendMessage(groupJid, { protocolMessage: { type: MESSAGE_EDIT, key, editedMessage: { conversation: 'the hedge' }, timestampMs: Date.now() } })
    await until('the edit', async () => (await line(CHLOE, own.id)).body === 'the hedge')
    await act(CHLOE, { type: 'reaction', waMessageId: own.id, emoji: '🌿' })
    const liked = await client.waitFor('message', ({ message }) => message?.reactionMessage, 'the reaction')
    assert.equal(liked.message.reactionMessage.key.participant, client.me.lid.replace(/:\d+/, ''))
    await assert.rejects(act(CHLOE, { type: 'revoke', waMessageId: own.id }), /403/)
    await act(BORIS, { type: 'revoke', waMessageId: own.id })
    const gone = await client.waitFor('message', (event) => protocolOf(event)?.type === REVOKE, 'the revocation')
    assert.equal(gone.rawNode.attrs.edit, '8')
    assert.deepEqual([protocolOf(gone).key.id, protocolOf(gone).key.fromMe], [own.id, false])
})

/** Edits travel in an envelope of their own, revocations do not. */
function protocolOf({ message }) {
    return message.protocolMessage ?? message.editedMessage?.message?.protocolMessage
}
