// The Functions app on the Flex Consumption plan. It has no key and no connection string: all that it reaches, it
// reaches as its identity.

param name string
param planName string
param location string
param tags object

@allowed([
  '3.11'
  '3.12'
  '3.13'
])
param pythonVersion string

param identityName string
param storageAccountName string
param deploymentContainer string
param insightsName string
param eventsEndpoint string

@allowed([
  'entra'
  'function_key'
])
param signIn string

param entraTenantId string
param entraAudience string
param accessScopes object
param vaultIdentities object
param vaultScopes object
param publicUrl string
param auditDays int
param onDemandADay int
param tablePrefix string

@allowed([
  'off'
  'opentelemetry'
])
param telemetry string

@secure()
param heartbeatUrl string

param weakeningDelayHours int
param leastSoftDeleteDays int

@allowed([
  'Disabled'
  'Unlocked'
  'Locked'
])
param leastImmutability string

param unbrakedInstances int
param bindSnapshots bool
param swapDisks bool

param zoneRedundant bool
param instanceMemoryMB int
param maximumInstanceCount int
param alwaysReadyApiInstances int

@description('Subnet that the app calls out from; empty for none.')
param subnetId string

@description('Close the API to the public network.')
param isPrivate bool

// All HTTP functions of a Flex Consumption app scale together, under this name.
var alwaysReady = [
  {
    name: 'http'
    instanceCount: alwaysReadyApiInstances
  }
]

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: identityName
}

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageAccountName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource site 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: union(
      {
        '${identity.id}': {}
      },
      toObject(items(vaultIdentities), held => held.key, held => {})
    )
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${account.properties.primaryEndpoints.blob}${deploymentContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: {
        name: 'python'
        version: pythonVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyApiInstances == 0 ? [] : alwaysReady
      }
    }
  }

  // Packages are put in by identity; user names and passwords are refused.
  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource settings 'config' = {
    name: 'appsettings'
    properties: {
      // The host's: its storage and its telemetry, by identity; threads enough that a slow Azure does not hold up the API;
      // a longer body than Event Grid's batches or the app's own limit stays outside of the app.
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identity.properties.clientId
      AzureWebJobsStorage__blobServiceUri: account.properties.primaryEndpoints.blob
      AzureWebJobsStorage__queueServiceUri: account.properties.primaryEndpoints.queue
      AzureWebJobsStorage__tableServiceUri: account.properties.primaryEndpoints.table
      APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
      PYTHON_THREADPOOL_THREAD_COUNT: '32'
      FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '2097152'
      AzureWebJobsDisableHomepage: 'true'
      // The app's own, as backup_core/settings.py reads them.
      DISKBACKUP_ARM_ENDPOINT: environment().resourceManager
      DISKBACKUP_IDENTITY_CLIENT_ID: identity.properties.clientId
      DISKBACKUP_TABLE_PREFIX: tablePrefix
      DISKBACKUP_EVENTGRID_ENDPOINT: eventsEndpoint
      DISKBACKUP_TELEMETRY: telemetry
      DISKBACKUP_HEARTBEAT_URL: heartbeatUrl
      DISKBACKUP_WEAKENING_DELAY_HOURS: string(weakeningDelayHours)
      DISKBACKUP_LEAST_SOFT_DELETE_DAYS: string(leastSoftDeleteDays)
      DISKBACKUP_LEAST_IMMUTABILITY: leastImmutability
      DISKBACKUP_UNBRAKED_INSTANCES: string(unbrakedInstances)
      DISKBACKUP_BIND_SNAPSHOTS: bindSnapshots ? 'on' : 'off'
      DISKBACKUP_SWAP_DISKS: swapDisks ? 'on' : 'off'
      DISKBACKUP_SIGN_IN: signIn
      DISKBACKUP_ENTRA_TENANT_ID: entraTenantId
      DISKBACKUP_ENTRA_AUDIENCE: entraAudience
      DISKBACKUP_ENTRA_AUTHORITY: environment().authentication.loginEndpoint
      DISKBACKUP_AUDIT_DAYS: string(auditDays)
      DISKBACKUP_ON_DEMAND_A_DAY: string(onDemandADay)
      DISKBACKUP_PUBLIC_URL: empty(publicUrl) ? 'https://${site.properties.defaultHostName}' : publicUrl
      DISKBACKUP_ACCESS_SCOPES: empty(accessScopes) ? '' : string(accessScopes)
      DISKBACKUP_VAULT_IDENTITIES: empty(vaultIdentities) ? '' : string(vaultIdentities)
      DISKBACKUP_VAULT_SCOPES: empty(vaultScopes) ? '' : string(vaultScopes)
    }
  }
}

output appId string = site.id
output appName string = site.name
output apiUrl string = 'https://${site.properties.defaultHostName}'
