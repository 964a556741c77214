// What only the platform sees: functions that fail, messages that were given up, a scheduler that has stopped.
// All else the app tells of itself, through its Event Grid topic.
//
// They read what host.json lets through: a row of AppRequests for each run that raised, traces from Warning on, and the one
// line that each good tick writes. Neither requests nor traces are sampled away. Queries are not validated when the rules
// are made, for a new workspace may not know the tables before the first row has come.

param environmentName string
param location string
param tags object
param workspaceId string
param emails string[]
param actionGroupIds string[]

@description('Failed runs within 15 minutes that are not worth an alert.')
param toleratedFailures int

var informed = empty(emails) ? actionGroupIds : concat(actionGroupIds, [operators.id])

// Whether a function raised is all that Success tells: the API answers its own errors, and the line that it writes of each
// is what counts. The status is looked at for hosts that also log what went well.
var failedRuns = '''
union
    (AppRequests | where Success == false or toint(ResultCode) >= 500),
    (AppTraces | where Message startswith 'api.failed ')
'''

// A message that failed five times goes to its queue's poison queue, and a duty of the tick makes a failed job of it. The
// host's word that it moves a message counts too, in case that nobody reads the poison queue.
var givenUpMessages = '''
AppTraces
| where Message startswith 'step.given_up ' or Message startswith 'message.unreadable '
    or Message startswith 'resource_event.given_up ' or Message startswith 'Message has reached MaxDequeueCount'
'''

var goodTicks = '''
AppTraces
| where Message startswith 'dispatch.done '
'''

resource operators 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: 'ag-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'diskbackup'
    enabled: true
    emailReceivers: [
      for (email, i) in emails: {
        name: 'operator-${i}'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource failures 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'functions-fail-${environmentName}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Disk backup ${environmentName}: functions fail'
    description: 'More runs of functions and requests to the API ended in an error of the app within 15 minutes than may by chance.'
    severity: 2
    enabled: true
    skipQueryValidation: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      allOf: [
        {
          query: failedRuns
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: toleratedFailures
        }
      ]
    }
    autoMitigate: true
    actions: {
      actionGroups: informed
    }
  }
}

resource poison 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'messages-given-up-${environmentName}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Disk backup ${environmentName}: messages were given up'
    description: 'A step failed five times, and its message went to a poison queue. The failed job says which disk it was.'
    severity: 2
    enabled: true
    skipQueryValidation: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      allOf: [
        {
          query: givenUpMessages
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    autoMitigate: true
    actions: {
      actionGroups: informed
    }
  }
}

resource stalled 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'scheduler-stalled-${environmentName}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Disk backup ${environmentName}: the scheduler has stalled'
    description: 'No tick has ended well for 10 minutes, though one is due each minute: no backup is started.'
    severity: 1
    enabled: true
    skipQueryValidation: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT10M'
    criteria: {
      allOf: [
        {
          query: goodTicks
          timeAggregation: 'Count'
          operator: 'LessThan'
          threshold: 1
        }
      ]
    }
    autoMitigate: true
    actions: {
      actionGroups: informed
    }
  }
}
