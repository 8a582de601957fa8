"""The long-lived process that Blender talks to: `python -m landscape_engine worker --folder DIR`.

Requests are JSON lines on stdin: `{"job": ID}` does DIR/jobs/ID/job.json, in turn; `{"cancel": ID}`
stops it, waiting or running; `{"stop": true}` ends the process, and so does stdin when it closes:
whoever started the worker is gone then, and what is half-written is removed. Without a request for
some minutes it ends by itself. No port is opened, and nothing in a job is executed.

DIR/worker.json, written when the models are loaded, says who answers. A job's DIR/jobs/ID gets
`events.jsonl`, one JSON object a line:

    {"event": "started"}
    {"event": "progress", "stage", "done", "total", "seconds_left"}   total, seconds_left: or null
    {"event": "note", "text", "parts"}   what the person should know
    {"event": "done", "result": {…}}     one of these three is the last
    {"event": "failed", "message": one sentence, "kind": the error's class, "setting", "parts",
     "fault"}
    {"event": "cancelled"}

"setting" is the path of the setting that an error is about, "motion.speed"; null if of none.
"parts" is the sentence in pieces, for whoever names settings in words other than the shell's: a
piece is text, or {"setting": PATH, "off": whether its being off is meant}. A fault of the engine
itself has neither, and "fault" is true: the process ends after it. Where earlier jobs may have
broken it, the process ends with the exit code `AGAIN` and the job without a last event; whoever
asked gives it to the next process, which writes to the same `events.jsonl`, once.

requests    stdin heard in the background
events      what a job's folder is told
process     the loop: one job after the other, and their ends
tasks       what can be asked for, a function each, whose arguments are the fields of job.json
landscapes  the pictures that are kept from job to job, with what is known of them
"""

PROTOCOL = 1
AGAIN = 75  # exit code: the last job is to be done by a new process (EX_TEMPFAIL of sysexits.h)
