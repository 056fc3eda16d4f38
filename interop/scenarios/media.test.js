import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { answered, askAgain } from '../lib/mediaretry.js'
import { scenario } from '../lib/scenario.js'

const ANNA = '15550010022'
const BORIS = '15550020022'

/** What is sent: type, more of the send body, the field it arrives in, and how zapo-js sends the like. */
const KINDS = [
    ['image', { mimetype: 'image/jpeg', caption: 'a picture' }, 'imageMessage', { caption: 'a picture' }],
    ['video', { mimetype: 'video/mp4', caption: 'a film', seconds: 3 }, 'videoMessage', { caption: 'a film', seconds: 3 }],
    ['audio', { mimetype: 'audio/ogg; codecs=opus', seconds: 2 }, 'audioMessage', { ptt: true, seconds: 2 }],
    ['document', { mimetype: 'application/pdf', filename: 'plan.pdf' }, 'documentMessage', { fileName: 'plan.pdf' }],
    ['sticker', { mimetype: 'image/webp' }, 'stickerMessage', {}]
]

scenario('every kind of file goes both ways, whole', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris')
    const client = await stage.linked(ANNA, 'Anna')
    let chat
    for (const [type, media, field] of KINDS) {
        const bytes = randomBytes(40_000)
        const body = { to: ANNA, type, media: { data: bytes.toString('base64'), ...media } }
        await network.post(`/accounts/${BORIS}/send`, type === 'audio' ? { ...body, voice: true } : body)
        const event = await client.waitFor('message', ({ message }) => message[field], `the ${type}`)
        chat = event.chatJid
        const file = event.message[field]
        assert.equal(file.mimetype, media.mimetype)
        assert.deepEqual(Buffer.from(await download(client, type, file)), bytes)
        if (type === 'audio') assert.equal(file.ptt, true)
    }

    // And back: the phone downloads and checks each; what it found is in the inbox.
    for (const [type, { mimetype }, , more] of KINDS) {
        const bytes = randomBytes(40_001)
        const own = await client.wa.sendMessage(chat, { type, media: new Uint8Array(bytes), mimetype, ...more })
        const line = (await network.inbox(BORIS)).find((entry) => entry.waMessageId === own.id)
        assert.equal(line.type, type)
        assert.equal(line.media.problem, null)
        assert.equal(line.media.sha256, createHash('sha256').update(bytes).digest('hex'))
        assert.equal(line.media.size, bytes.length)
        if (more.fileName) assert.equal(line.media.filename, more.fileName)
        if (more.ptt) assert.deepEqual([line.media.voice, line.media.seconds], [true, 2])
    }
})

scenario('a file of the past that the network dropped is uploaded again by the phone', async (stage) => {
    const { network } = stage
    const bytes = randomBytes(5_000)
    await network.person(ANNA, 'Anna')
    await network.person(BORIS, 'Boris')
    const media = { data: bytes.toString('base64'), mimetype: 'image/jpeg', caption: 'long ago' }
    const { waMessageId } = await network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'image', media })
    await network.post(`/accounts/${ANNA}/expire-media`, { waMessageId })

    const client = stage.client()
    await client.pairByQr(ANNA)
    const past = client.histories
        .flatMap((blob) => blob.conversations)
        .flatMap((conversation) => conversation.messages)
        .find(({ message }) => message.key.id === waMessageId)
    const file = past.message.message.imageMessage
    assert.equal(file.caption, 'long ago')
    await assert.rejects(download(client, 'image', file))

    const { lid } = await network.account(BORIS)
    const ask = async () => {
        const before = client.all('notification').length
        await client.wa.sendNode(askAgain(file.mediaKey, waMessageId, `${ANNA}@s.whatsapp.net`, lid))
        await client.waitFor('notification', () => client.all('notification').slice(before).some(isRetry), 'the answer')
        return answered(file.mediaKey, client.all('notification').slice(before).find(isRetry).rawNode)
    }
    const { directPath } = await ask()
    assert.notEqual(directPath, file.directPath)
    assert.deepEqual(Buffer.from(await download(client, 'image', { ...file, directPath })), bytes)

    await network.post(`/accounts/${ANNA}/expire-media`, { waMessageId, forget: true })
    assert.deepEqual(await ask(), { error: 2 })
})

function isRetry({ rawNode }) {
    return rawNode.attrs.type === 'mediaretry'
}

function download(client, type, { directPath, mediaKey, fileSha256, fileEncSha256 }) {
    const mediaType = type === 'audio' ? 'ptt' : type
    return client.wa.mediaTransfer.downloadAndDecrypt({ directPath, mediaType, mediaKey, fileSha256, fileEncSha256 })
}
