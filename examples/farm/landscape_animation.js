// Flamenco 3 job type: animates a landscape picture, then renders a .blend that shows its frames.
//
// Put this file into the folder `scripts` beside flamenco-manager, and define the variable
// {landscapePython} in flamenco-manager.yaml: the Python that has landscape-engine, on each platform.
//
// Written from the documented interface of job types and commands
// (flamenco.blender.org/usage/job-types and /usage/jobs-tasks-commands/commands), and checked by
// Node against a stub of it. It has not been run against a Flamenco Manager.

const JOB_TYPE = {
  label: "Landscape Animation",
  description: "Animate a landscape picture, and render the scene that shows it",
  settings: [
    { key: "picture", type: "string", subtype: "file_path", required: true,
      description: "The landscape picture, as every worker sees it" },
    { key: "texture", type: "string", subtype: "dir_path", required: true,
      description: "Folder of the animation's frames, which the scene's image shows" },
    { key: "clip_frames", type: "int32", default: 200, propargs: { min: 1, max: 1000000 },
      description: "Frames of the animation" },
    { key: "job_document", type: "string", subtype: "file_path", required: false, default: "",
      description: "A document with all other settings of the engine, as JSON (optional)" },
    { key: "frames", type: "string", required: true,
      eval: "f'{C.scene.frame_start}-{C.scene.frame_end}'",
      description: "Frames of the scene to render. Examples: '47', '1-30', '3, 5-10, 47-327'" },
    { key: "chunk_size", type: "int32", default: 1, visible: "submission",
      description: "Frames in one task" },
    { key: "render_output_path", type: "string", subtype: "file_path", required: true,
      description: "Path of the stills, with # for the digits of the frame" },
    { key: "blendfile", type: "string", required: true, visible: "web",
      description: "The scene to render" },
    { key: "format", type: "string", required: true, visible: "web",
      eval: "C.scene.render.image_settings.file_format" },
  ],
};

function compileJob(job) {
  const settings = job.settings;
  const animate = animationTask(settings);
  job.addTask(animate);
  for (const chunk of frameChunker(settings.frames, settings.chunk_size)) {
    const task = renderTask(settings, chunk);
    task.addDependency(animate);
    job.addTask(task);
  }
}

// What is cancelled leaves nothing half-written: Flamenco ends the process, and the frames take
// their place at the end.
function animationTask(settings) {
  const task = author.Task("animate", "misc");
  const document = settings.job_document ? ["--job", settings.job_document] : [];
  task.addCommand(author.Command("exec", {
    exe: "{landscapePython}",
    args: [
      "-m", "landscape_engine", "animate", settings.picture, ...document,
      "--out", settings.texture,
      "--frames", String(settings.clip_frames),
    ],
  }));
  return task;
}

function renderTask(settings, chunk) {
  const task = author.Task(`render-${chunk}`, "blender");
  task.addCommand(author.Command("blender-render", {
    exe: "{blender}",
    exeArgs: "{blenderArgs}",
    argsBefore: [],
    blendfile: settings.blendfile,
    args: [
      "--render-output", settings.render_output_path,
      "--render-format", settings.format,
      "--render-frame", chunk.replace(/-/g, ".."), // Blender writes a range of frames so
    ],
  }));
  return task;
}
