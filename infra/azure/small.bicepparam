// A small set-up: one subscription, reached over the public network with Entra sign-in, nothing kept warm.
using 'main.bicep'

var subscriptionId = readEnvironmentVariable('AZURE_SUBSCRIPTION_ID')

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
param entraAudience = readEnvironmentVariable('DISKBACKUP_ENTRA_AUDIENCE')
param alertEmails = filter(split(readEnvironmentVariable('DISKBACKUP_ALERT_EMAILS', ''), ','), email => !empty(email))
param resourceEventSubscriptions = [
  subscriptionId
]
