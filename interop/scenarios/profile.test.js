import assert from 'node:assert/strict'
import { scenario } from '../lib/scenario.js'

const ANNA = '15550010013'
const BORIS = '15550020013'
const NOBODY = '15550099013'
/** The smallest thing that calls itself a JPEG. */
const PICTURE = Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex').toString('base64')

scenario('what the network says of people: presence on it, about, picture, privacy, blocks', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris', { about: 'at sea ⚓', picture: PICTURE })
    const client = await stage.linked(ANNA, 'Anna')
    const boris = `${BORIS}@s.whatsapp.net`

    const [known, unknown] = await client.wa.getLidsByPhoneNumbers([BORIS, NOBODY])
    assert.equal(known.exists, true)
    assert.equal(known.lidJid, (await network.account(BORIS)).lid)
    assert.equal(unknown.exists, false)
    assert.equal(unknown.lidJid, null)

    assert.equal((await client.wa.profile.getStatus(boris)).status, 'at sea ⚓')
    const picture = await client.wa.profile.getProfilePicture(boris, 'preview')
    assert.ok(picture.id && picture.url)
    await network.post(`/accounts/${BORIS}/profile`, { about: 'ashore' })
    assert.equal((await client.wa.profile.getStatus(boris)).status, 'ashore')

    const privacy = await client.wa.privacy.getPrivacySettings()
    assert.ok(Object.keys(privacy).length >= 6, JSON.stringify(privacy))
    await client.wa.privacy.setPrivacySetting('readReceipts', 'none')
    assert.equal((await client.wa.privacy.getPrivacySettings()).readReceipts, 'none')

    assert.deepEqual((await client.wa.privacy.getBlocklist()).jids, [])
    await client.wa.privacy.blockUser(known.lidJid)
    assert.deepEqual((await client.wa.privacy.getBlocklist()).jids, [known.lidJid])
    await client.wa.privacy.unblockUser(known.lidJid)
    assert.deepEqual((await client.wa.privacy.getBlocklist()).jids, [])
})
