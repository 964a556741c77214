// The app and all that it needs, in resource groups of its own; `azd provision` deploys it.
//
// It touches no resource group that holds anybody's disks or snapshots, for `azd down` may delete every group that a
// deployment has touched. What the app may do to disks and snapshots is granted by access.bicep, apart from this.

targetScope = 'subscription'

@description('Name of the environment: part of the names of its resource groups.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Azure region of the app. Disks and snapshots may lie in any region.')
param location string

@description('Python version of the app; the package must have been built with the same.')
@allowed([
  '3.11'
  '3.12'
  '3.13'
])
param pythonVersion string = '3.11'

@description('Who may use the API: entra (tokens of Microsoft Entra ID) or function_key (whoever has a key of the app).')
@allowed([
  'entra'
  'function_key'
])
param signIn string = 'entra'

@description('Tenant whose tokens the API takes.')
param entraTenantId string = subscription().tenantId

@description('Application ID URI and client id of the app registration of the API, with a comma between them.')
param entraAudience string = ''

@description('Subscriptions, resource groups and vaults that are for few: resource id to a list of object ids.')
param accessScopes object = {}

@description('User-assigned identities that the app gets and vaults may act with: resource id to client id.')
param vaultIdentities object = {}

@description('Where vaults may act: id of a vault, or of a group or subscription of vaults, to lists of sources, snapshots, targets and origins.')
param vaultScopes object = {}

@description('What URLs in answers of the API begin with, where clients reach it under a name of its own; empty: the app\'s own name.')
param publicUrl string = ''

@description('Beginning of the names of the tables: 3 to 41 letters and digits, a letter first.')
@minLength(3)
@maxLength(41)
param tablePrefix string = 'diskbackup'

@description('Days that audit records are kept.')
@minValue(30)
@maxValue(36500)
param auditDays int = 400

@description('Backups on demand of one backup instance that may be asked for within 24 hours.')
@minValue(0)
@maxValue(500)
param onDemandADay int = 10

@description('Traces: off, or opentelemetry, whose libraries are to be added to the package.')
@allowed([
  'off'
  'opentelemetry'
])
param telemetry string = 'off'

@description('What each good tick asks for, at a service that raises alarm when that stops; empty: nothing.')
@secure()
param heartbeatUrl string = ''

@description('Hours that a change which makes a vault protect less waits, and can be taken back, where the vault holds recovery points.')
@minValue(0)
@maxValue(720)
param weakeningDelayHours int = 24

@description('The least days of soft delete that a vault may have, 14 to 180; 0: it may be off.')
@minValue(0)
@maxValue(180)
param leastSoftDeleteDays int = 0

@description('The least immutability that a vault may have.')
@allowed([
  'Disabled'
  'Unlocked'
  'Locked'
])
param leastImmutability string = 'Disabled'

@description('Of how many backup instances of a vault recovery points may go within an hour otherwise than by expiry, whatever share that is.')
@minValue(0)
@maxValue(1000)
param unbrakedInstances int = 3

@description('Whether Azure, too, keeps the snapshots of vaults that are immutable; takes bindSnapshots of access.bicep.')
param bindSnapshots bool = false

@description('Whether restored disks may take the place of those of virtual machines; takes swapGroups of access.bicep.')
param swapDisks bool = false

@description('Copies of the catalogue of recovery points: in one zone, in three zones, or in three zones and a second region.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GZRS'
])
param storageRedundancy string = 'Standard_LRS'

@description('Spread the instances of the app over availability zones.')
param zoneRedundant bool = false

@description('Memory of an instance in MB, and with it its share of a core: 512 has a quarter.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int = 512

@description('Instances that the app may grow to.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 100

@description('Instances kept warm for the API; each is paid for around the clock.')
@minValue(0)
@maxValue(20)
param alwaysReadyApiInstances int = 0

@description('Reach the storage account through private endpoints only.')
param privateNetwork bool = false

@description('Let the API be reached through a private endpoint only; needs privateNetwork.')
param privateApi bool = false

@description('Address space of the virtual network, at least a /24.')
param networkPrefix string = '10.90.0.0/24'

@description('Subscriptions whose changes to disks, snapshots and resource groups the app is told of; without, it looks itself.')
param resourceEventSubscriptions string[] = []

@description('Addresses that are written to when an alert fires.')
param alertEmails string[] = []

@description('Resource ids of action groups that exist already and are to be told of alerts too.')
param actionGroupIds string[] = []

@description('Failed function runs within 15 minutes that are not worth an alert.')
@minValue(0)
param toleratedFailures int = 5

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
}
// Not azd's tag: azd looks for the app in every group that bears it.
var resourceEventsTags = {
  'diskbackup-environment': environmentName
}
var resourceEventsQueue = 'diskbackup-resource-events'
var deploymentContainer = 'packages'
// Without the network there is no endpoint that a closed API could be reached by.
var hasPrivateApi = privateNetwork && privateApi
var storageServices = [
  'blob'
  'queue'
  'table'
]

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-${token}'
    location: location
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'st${token}'
    location: location
    tags: tags
    redundancy: storageRedundancy
    isPrivate: privateNetwork
    principalId: identity.outputs.principalId
    deploymentContainer: deploymentContainer
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-${token}'
    insightsName: 'appi-${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    retentionDays: logRetentionDays
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    emails: alertEmails
    actionGroupIds: actionGroupIds
    toleratedFailures: toleratedFailures
  }
}

module events 'modules/events.bicep' = {
  name: 'events'
  scope: group
  params: {
    name: 'evgt-${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-${token}'
    location: location
    tags: tags
    prefix: networkPrefix
  }
}

module storageEndpoints 'modules/private-endpoint.bicep' = [
  for service in storageServices: if (privateNetwork) {
    name: 'private-${service}'
    scope: group
    params: {
      name: 'pe-${service}-${token}'
      location: location
      tags: tags
      networkId: network!.outputs.networkId
      subnetId: network!.outputs.endpointSubnetId
      targetId: storage.outputs.accountId
      service: service
      zoneName: 'privatelink.${service}.${environment().suffixes.storage}'
    }
  }
]

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: 'func-${token}'
    planName: 'plan-${token}'
    location: location
    tags: tags
    pythonVersion: pythonVersion
    identityName: identity.outputs.name
    storageAccountName: storage.outputs.accountName
    deploymentContainer: deploymentContainer
    insightsName: monitoring.outputs.insightsName
    eventsEndpoint: events.outputs.endpoint
    signIn: signIn
    entraTenantId: entraTenantId
    entraAudience: entraAudience
    accessScopes: accessScopes
    vaultIdentities: vaultIdentities
    vaultScopes: vaultScopes
    publicUrl: publicUrl
    auditDays: auditDays
    onDemandADay: onDemandADay
    tablePrefix: tablePrefix
    telemetry: telemetry
    heartbeatUrl: heartbeatUrl
    weakeningDelayHours: weakeningDelayHours
    leastSoftDeleteDays: leastSoftDeleteDays
    leastImmutability: leastImmutability
    unbrakedInstances: unbrakedInstances
    bindSnapshots: bindSnapshots
    swapDisks: swapDisks
    zoneRedundant: zoneRedundant
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyApiInstances: alwaysReadyApiInstances
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    isPrivate: hasPrivateApi
  }
  dependsOn: [
    storageEndpoints
  ]
}

module apiEndpoint 'modules/private-endpoint.bicep' = if (hasPrivateApi) {
  name: 'private-api'
  scope: group
  params: {
    name: 'pe-api-${token}'
    location: location
    tags: tags
    networkId: network!.outputs.networkId
    subnetId: network!.outputs.endpointSubnetId
    targetId: app.outputs.appId
    service: 'sites'
    zoneName: 'privatelink.azurewebsites.net'
  }
}

module resourceEvents 'modules/resource-events.bicep' = [
  for subscriptionId in resourceEventSubscriptions: {
    name: 'diskbackup-events-${token}'
    scope: subscription(subscriptionId)
    params: {
      groupName: 'rg-${environmentName}-events-${token}'
      topicName: 'egst-${token}'
      location: location
      tags: resourceEventsTags
      storageSubscriptionId: subscription().subscriptionId
      storageGroupName: group.name
      storageAccountName: storage.outputs.accountName
      queueName: resourceEventsQueue
    }
  }
]

output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = group.name
output DISKBACKUP_APP_NAME string = app.outputs.appName
output DISKBACKUP_API_URL string = app.outputs.apiUrl
output DISKBACKUP_PRINCIPAL_ID string = identity.outputs.principalId
output DISKBACKUP_EVENTS_TOPIC_ID string = events.outputs.topicId
