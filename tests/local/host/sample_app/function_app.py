"""A small app with one function for each rule of the host that the tests look at. What it saw it sends to `seen`."""

import json
import os
import time

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


# ---------------------------------------------------------------- queues


@app.queue_trigger(arg_name="message", queue_name="%GREETING_QUEUE%", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="out", queue_name="seen", connection="AzureWebJobsStorage")
def greet(message: func.QueueMessage, out: func.Out[str]) -> None:
    out.set(
        json.dumps(
            {
                "id": message.id,
                "body": message.get_body().decode(),
                "dequeue_count": message.dequeue_count,
                "inserted": str(message.insertion_time),
                "hidden_until": str(message.time_next_visible),
                "pid": os.getpid(),
            }
        )
    )


@app.queue_trigger(arg_name="message", queue_name="failing", connection="AzureWebJobsStorage")
def fail(message: func.QueueMessage) -> None:
    raise ValueError("boom")


@app.queue_trigger(arg_name="message", queue_name="failing-poison", connection="AzureWebJobsStorage")
@app.queue_output(arg_name="out", queue_name="seen", connection="AzureWebJobsStorage")
def bury(message: func.QueueMessage, out: func.Out[str]) -> None:
    out.set(json.dumps({"buried": message.get_body().decode(), "dequeue_count": message.dequeue_count}))


@app.queue_trigger(arg_name="message", queue_name="slow", connection="AzureWebJobsStorage")
def linger(message: func.QueueMessage) -> None:
    time.sleep(float(message.get_body()))


@app.queue_trigger(arg_name="message", queue_name="load", connection="AzureWebJobsStorage")
def carry(message: func.QueueMessage) -> None:
    json.loads(message.get_body())


# ---------------------------------------------------------------- timers


@app.timer_trigger(arg_name="timer", schedule="%TICK%")
@app.queue_output(arg_name="out", queue_name="ticks", connection="AzureWebJobsStorage")
def tick(timer: func.TimerRequest, out: func.Out[str]) -> None:
    status = getattr(timer, "schedule_status", None)
    out.set(json.dumps({"past_due": timer.past_due, "status": status, "pid": os.getpid()}))


@app.timer_trigger(arg_name="timer", schedule="0 0 3 * * *")
@app.queue_output(arg_name="out", queue_name="ticks", connection="AzureWebJobsStorage")
def nightly(timer: func.TimerRequest, out: func.Out[str]) -> None:
    out.set(json.dumps({"nightly": True, "past_due": timer.past_due}))


# ---------------------------------------------------------------- HTTP


@app.route(route="echo/{name}/{*rest}", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "query": dict(req.params),
        "route": dict(req.route_params),
        "body": req.get_body().decode(),
        "pid": os.getpid(),
    }
    answer = func.HttpResponse(json.dumps(seen), status_code=201, mimetype="application/json")
    answer.headers.add("X-Sample", "yes")
    answer.headers.add("Set-Cookie", "a=1; Path=/")
    answer.headers.add("Set-Cookie", "b=2")
    return answer


@app.route(route="items/{id}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def get_item(req: func.HttpRequest) -> str:
    return f"item {req.route_params['id']}"


@app.route(route="items/recent", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def recent(req: func.HttpRequest) -> str:
    return "recent items"


@app.route(route="guarded")
def guarded(req: func.HttpRequest) -> str:
    return "open"


@app.route(route="master", auth_level=func.AuthLevel.ADMIN)
def master(req: func.HttpRequest) -> str:
    return "master"


@app.route(route="broken", auth_level=func.AuthLevel.ANONYMOUS)
def broken(req: func.HttpRequest) -> str:
    raise RuntimeError("broken")


@app.route(route="nothing", auth_level=func.AuthLevel.ANONYMOUS)
def nothing(req: func.HttpRequest) -> func.HttpResponse:
    return None  # type: ignore[return-value]  # as an app of less care would


@app.route(route="headed", auth_level=func.AuthLevel.ANONYMOUS)
def headed(req: func.HttpRequest) -> func.HttpResponse:
    name, value = req.headers["x-wanted"].encode().decode("unicode_escape").split(": ")
    return func.HttpResponse("yes", headers={name: value})


@app.route(route="off", auth_level=func.AuthLevel.ANONYMOUS)
def switched_off(req: func.HttpRequest) -> str:
    return "still here"


# ---------------------------------------------------------------- Event Grid


@app.event_grid_trigger(arg_name="event")
@app.queue_output(arg_name="out", queue_name="seen", connection="AzureWebJobsStorage")
def on_event(event: func.EventGridEvent, out: func.Out[str]) -> None:
    if event.subject == "bad":
        raise ValueError("a bad event")
    out.set(json.dumps({"event": event.id, "subject": event.subject, "data": event.get_json()}))
