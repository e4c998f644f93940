using LamdAgent.Standalone;

return await LamdCommandLine.InvokeAsync(args);
