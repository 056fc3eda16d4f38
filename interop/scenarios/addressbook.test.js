import assert from 'node:assert/strict'
import { scenario } from '../lib/scenario.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010006'
const BORIS = '15550020006'
const CHIDI = '15550030006'

scenario('names of the address book arrive by app state, as a snapshot and as patches', async (stage) => {
    const { network } = stage
    await network.person(ANNA, 'Anna')
    await network.person(BORIS, 'Boris')
    await network.person(CHIDI, 'Chidi')
    await network.post(`/accounts/${ANNA}/addressbook`, { phone: BORIS, name: 'Борис Котов' })

    const client = stage.client()
    await client.pairByQr(ANNA)
    const first = await saved(client, 'Борис Котов')
    assert.equal(first.operation, 'set')
    assert.equal(first.source, 'snapshot')
    assert.ok(belongsTo(first, BORIS), first.index)

    await network.post(`/accounts/${ANNA}/addressbook`, { phone: CHIDI, name: '奇迪 🐠' })
    const second = await saved(client, '奇迪 🐠')
    assert.equal(second.source, 'patch')
    assert.ok(belongsTo(second, CHIDI), second.index)

    // A rename is a patch that replaces the earlier value: the hash must stand after it too.
    await network.post(`/accounts/${ANNA}/addressbook`, { phone: BORIS, name: 'Boris from work' })
    const renamed = await saved(client, 'Boris from work')
    assert.equal(renamed.index, first.index)

    // A client that starts over from nothing verifies the whole state again.
    const state = await client.wa.exportAppState()
    const { version } = state.collections.critical_unblock_low
    assert.ok(version >= 3, `three changes, version ${version}`)
    assert.ok(!client.heard('app-state sync has blocked collections'))
})

function saved(client, name) {
    return until(`"${name}" among the saved names`, () =>
        client.mutations.find((mutation) => mutation.value?.contactAction?.fullName === name)
    )
}

/** The index names the person by number, or by LID with the number beside it. */
function belongsTo(mutation, phone) {
    const [action, jid] = JSON.parse(mutation.index)
    assert.equal(action, 'contact')
    const { pnJid, lidJid } = mutation.value.contactAction
    return [jid, pnJid, lidJid].includes(`${phone}@s.whatsapp.net`)
}
