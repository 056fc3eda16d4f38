import assert from 'node:assert/strict'
import { proto } from 'zapo-js/proto'
import { textOf } from '../lib/client.js'
import { scenario } from '../lib/scenario.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010007'
const { INITIAL_BOOTSTRAP, RECENT, PUSH_NAME, NON_BLOCKING_DATA } = proto.HistorySync.HistorySyncType

scenario('the phone hands over history, push names and the LID mappings', async (stage) => {
    const { network } = stage
    await network.person(ANNA, 'Anna')
    await network.post('/populate', { people: 12, groups: 2, messages: 4, seed: 7, for: ANNA })
    const client = stage.client()
    await client.pairByQr(ANNA)

    for (const type of [INITIAL_BOOTSTRAP, RECENT, PUSH_NAME]) {
        await client.waitFor('history_sync_chunk', (chunk) => chunk.syncType === type, `history of type ${type}`)
        await until(`a decoded blob of type ${type}`, () => client.histories.some((blob) => blob.syncType === type))
    }

    const conversations = client.histories.flatMap((blob) => blob.conversations)
    const direct = conversations.filter(({ id }) => !id.endsWith('@g.us'))
    const groups = new Set(conversations.map(({ id }) => id).filter((id) => id.endsWith('@g.us')))
    assert.equal(groups.size, 2)
    assert.ok(direct.length > 0)
    const messages = new Map()
    for (const conversation of conversations) {
        for (const { message } of conversation.messages) {
            const key = `${conversation.id} ${message.key.participant ?? ''} ${message.key.id}`
            assert.ok(message.key.id && Number(message.messageTimestamp) > 0)
            messages.set(key, message)
        }
    }
    assert.ok([...messages.values()].some((message) => textOf(message.message)), 'some of it is text')
    for (const id of new Set(direct.map((conversation) => conversation.id))) {
        const own = [...messages.keys()].filter((key) => key.startsWith(`${id} `))
        assert.equal(own.length, 4, `four messages in ${id}`)
    }

    const pushNames = client.histories.flatMap((blob) => blob.pushnames)
    assert.ok(pushNames.length > 0)
    for (const { id, pushname } of pushNames) {
        assert.ok(id && pushname)
        assert.equal((await client.store.contacts.getByJid(id)).pushName, pushname)
    }

    // Mappings stand beside a chat, or in lists of their own for people met only in groups.
    await until('the blob of the remaining mappings', () =>
        client.histories.some((blob) => blob.syncType === NON_BLOCKING_DATA)
    )
    const mappings = client.histories.flatMap((blob) => [
        ...blob.phoneNumberToLidMappings,
        ...blob.conversations.filter(({ pnJid, lidJid }) => pnJid && lidJid)
    ])
    assert.ok(mappings.length > 0)
    for (const { pnJid, lidJid } of mappings) {
        assert.match(pnJid, /^\d+@s\.whatsapp\.net$/)
        assert.match(lidJid, /^\d+@lid$/)
    }

    // The server's own answer about a number agrees with what history said.
    const asked = [...new Map(mappings.map((mapping) => [mapping.pnJid, mapping])).values()].slice(0, 5)
    const answers = await client.wa.getLidsByPhoneNumbers(asked.map(({ pnJid }) => pnJid.split('@')[0]))
    assert.deepEqual(
        answers.map(({ phoneJid, lidJid, exists }) => ({ phoneJid, lidJid, exists })),
        asked.map(({ pnJid, lidJid }) => ({ phoneJid: pnJid, lidJid, exists: true }))
    )
})
